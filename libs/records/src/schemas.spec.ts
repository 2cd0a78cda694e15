import { z } from 'zod';
import { viewOf } from './schemas';

const sent = {
  name: z.string().describe('How it is called.'),
  phone: z.string().nullish().describe('Where it rings.'),
  isTaken: z.boolean().default(false),
  notes: z.string().nullish(),
};

/** Fields of the view that may be absent. */
const optionalIn = (view: z.ZodObject) =>
  Object.keys(view.shape).filter((name) => (view.shape[name] as z.ZodType).safeParse(undefined).success);
const describedAs = (view: z.ZodObject, name: string) => (view.shape[name] as z.ZodType).description;

describe('the view of what a client sends', () => {
  it('has the id first, then what the server makes, what was sent, and the times', () => {
    const view = viewOf('SpecSoftView', sent, { isSoft: true, made: { number: z.string() } });
    expect(Object.keys(view.shape)).toEqual([
      ...['id', 'number', 'name', 'phone', 'isTaken', 'notes'],
      ...['createdAt', 'updatedAt', 'deletedAt'],
    ]);
    expect(view.meta()?.id).toBe('SpecSoftView');
  });

  it('tells when a record was removed only where it can be restored', () => {
    const view = viewOf('SpecHardView', sent, { isSoft: false });
    expect(Object.keys(view.shape)).not.toContain('deletedAt');
    const soft = viewOf('SpecRemovedView', sent, { isSoft: true });
    expect((soft.shape['deletedAt'] as z.ZodType).safeParse(null).success).toBe(true);
  });

  it('always has what may be left out when it is sent: as null, or as its default', () => {
    const view = viewOf('SpecWholeView', sent, { isSoft: false });
    expect(optionalIn(view)).toEqual([]);
    const takes = (name: string, value: unknown) => (view.shape[name] as z.ZodType).safeParse(value).success;
    expect([takes('phone', null), takes('name', null), takes('isTaken', null)]).toEqual([true, false, false]);
    expect(describedAs(view, 'phone')).toBe('Where it rings.');
    expect((view.shape['isTaken'] as z.ZodType).meta() ?? {}).not.toHaveProperty('default');
  });

  it.each<[string, Parameters<typeof viewOf>[2]['restricted'], string[]]>([
    ['nothing', undefined, []],
    ['the notes', ['notes'], ['notes']],
    ['what the server makes', ['number', 'phone'], ['number', 'phone']],
    [
      'all but some',
      { except: ['name', 'isTaken', 'notes'] },
      ['number', 'phone', 'createdAt', 'updatedAt', 'deletedAt'],
    ],
  ])('may lack, for some: %s', (what, restricted, absent) => {
    const made = { number: z.string() };
    const view = viewOf(`Spec ${what}`, sent, { isSoft: true, restricted, made });
    expect(optionalIn(view)).toEqual(absent);
  });

  it('says so of a field that some may not read', () => {
    const view = viewOf('SpecToldView', sent, { isSoft: false, restricted: ['notes', 'name'] });
    expect(describedAs(view, 'name')).toBe('How it is called. Absent for those who may not read it.');
    expect(describedAs(view, 'notes')).toBe('Absent for those who may not read it.');
    expect(describedAs(view, 'phone')).toBe('Where it rings.');
  });
});
