import { z } from 'zod';
import { fields } from '#platform/http';
import { aLocker } from './locker.factory';
import { listOf, listQuery, own } from './resource';
import { exportQuery } from './schemas';

const query = listQuery(['id', 'floor', 'door'], { isTaken: fields.flag.optional(), hallId: fields.idText.optional() });
const accepts = (sent: object) => query.safeParse(sent).success;

describe('the query of a list', () => {
  it('shows 50 records in use where nothing is asked', () => {
    expect(query.parse({})).toEqual({ limit: 50, deleted: 'exclude' });
  });

  it.each([
    ['id', true],
    ['-id', true],
    ['floor,-door,id', true],
    ['-floor,-door,-id', true],
    // Four keys are more than any index has.
    ['id,floor,door,id', false],
    ['ceiling', false],
    ['id,ceiling', false],
    ['idfloor', false],
    ['floor2', false],
    ['--id', false],
    ['id-', false],
    ['+id', false],
    ['id,', false],
    [',id', false],
    ['id floor', false],
    ['id\n', false],
    ['ID', false],
    ['', false],
    ['__proto__', false],
    ['constructor', false],
  ])('with sort=%j is taken: %s', (sort, taken) => {
    expect(accepts({ sort })).toBe(taken);
  });

  it.each([
    [{ limit: '1' }, true],
    [{ limit: '200' }, true],
    [{ limit: '0' }, false],
    [{ limit: '201' }, false],
    [{ limit: '1e2' }, false],
    [{ limit: '-1' }, false],
    [{ cursor: 'WyJpZCIsIjEiXQ' }, true],
    [{ cursor: 'a b' }, false],
    [{ cursor: '' }, false],
    [{ cursor: 'a'.repeat(2001) }, false],
    [{ deleted: 'include' }, true],
    [{ deleted: 'only' }, true],
    [{ deleted: 'any' }, false],
    [{ deleted: 'true' }, false],
    [{ count: 'true' }, true],
    [{ count: '1' }, false],
    [{ isTaken: 'false', hallId: '3' }, true],
    [{ isTaken: 'no' }, false],
    [{ hallId: '2147483648' }, false],
    // Unknown ones would be ignored, and the list would show more than was asked for.
    [{ istaken: 'true' }, false],
    [{ q: 'ann' }, false],
  ])('of %j is taken: %s', (sent, taken) => {
    expect(accepts(sent)).toBe(taken);
  });

  it('names the sorts in the refusal', () => {
    const { error } = query.safeParse({ sort: 'ceiling' });
    expect(error?.issues[0]?.message).toBe('must be up to three of id, floor, door, each with - for descending');
  });
});

describe('the query of an export', () => {
  const ofExport = exportQuery({ isTaken: fields.flag.optional() });

  it.each([
    [{}, true],
    [{ format: 'csv', isTaken: 'true' }, true],
    [{ format: 'xlsx' }, false],
    [{ limit: '10' }, false],
    [{ deleted: 'include' }, false],
    [{ cursor: 'WyJpZCIsIjEiXQ' }, false],
    [{ sort: 'id' }, false],
  ])('of %j is taken: %s', (sent, taken) => {
    expect(ofExport.safeParse(sent).success).toBe(taken);
  });
});

describe('one’s own records', () => {
  it('are read and written under the permissions of one’s own record, and are else the same', () => {
    const lockers = aLocker();
    const { readPermission, writePermission, ...rest } = own(lockers);
    expect([readPermission, writePermission]).toEqual(['own-record:read', 'own-record:write']);
    expect({ ...rest, writePermission: lockers.writePermission }).toEqual(lockers);
    expect(lockers.readPermission).toBeUndefined();
  });
});

describe('the reply to a list', () => {
  const reply = listOf(z.object({ id: z.int() }), 'SpecPage');

  it.each([
    [{ items: [{ id: 1 }], nextCursor: 'abc' }, true],
    [{ items: [], nextCursor: null, total: 0 }, true],
    [{ items: [] }, false],
    [{ items: [{}], nextCursor: null }, false],
    [{ items: [], nextCursor: null, total: 0.5 }, false],
  ])('is %j: %s', (sent, fits) => {
    expect(reply.safeParse(sent).success).toBe(fits);
  });
});
