import { Controller, Get, Res, SetMetadata } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { OPERATION } from '#access';
import { DomainError, invalid } from '#kernel';
import { Member } from '#members';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { Context } from '#platform/http';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { metricOf } from '../../../test/support/metrics';
import { seedMembers } from '../../../test/support/seed';

const allowed = SetMetadata(OPERATION, 'members:list');

class Page {
  constructor(readonly items: object[]) {}
}

/** Written as in any NestJS project. */
@Controller('careless')
class CarelessController {
  constructor(private readonly database: Database) {}

  private get members() {
    return this.database.dataSource.getRepository(Member);
  }

  @Get('found')
  @allowed
  found() {
    return this.members.find();
  }

  @Get('one')
  @allowed
  one() {
    return this.members.findOneByOrFail({});
  }

  @Get('nested')
  @allowed
  async nested() {
    return { page: { items: (await this.members.find()).map((member) => ({ member })) } };
  }

  @Get('wrapped')
  @allowed
  async wrapped() {
    return new Page(await this.members.find());
  }

  @Get('spread')
  @allowed
  async spread() {
    return (await this.members.find()).map((member) => Object.assign({}, member));
  }

  @Get('queried')
  @allowed
  queried(): Promise<unknown> {
    return this.database.dataSource.query('SELECT * FROM members');
  }

  @Get('raw')
  @allowed
  raw() {
    return this.members.createQueryBuilder('member').getRawMany();
  }

  @Get('noted')
  @allowed
  async noted(@Context() context: RequestContext) {
    const found = await this.members.find();
    context.disclose({ tableName: 'members', ids: found.map(({ id }) => id), list: true });
    return found;
  }

  @Get('noted-in-part')
  @allowed
  async notedInPart(@Context() context: RequestContext) {
    const found = await this.members.find();
    context.disclose({ tableName: 'members', ids: found.slice(1).map(({ id }) => id), list: true });
    return found;
  }

  @Get('noted-elsewhere')
  @allowed
  async notedElsewhere(@Context() context: RequestContext) {
    const found = await this.members.find();
    context.disclose({ tableName: 'students', ids: found.map(({ id }) => id), list: true });
    return found;
  }

  @Get('told')
  @allowed
  async told() {
    const member = await this.members.findOneByOrFail({});
    throw new DomainError('workflow.not-allowed', `The member is ${member.status}.`);
  }

  @Get('considered')
  @allowed
  async considered(@Context() context: RequestContext) {
    const member = await this.members.findOneOrFail({ where: {}, order: { id: 'ASC' } });
    context.consider({ tableName: 'members', ids: [member.id] });
    throw invalid('/status', `must not be ${member.status}`);
  }

  @Get('shown-and-refused')
  @allowed
  async shownAndRefused(@Context() context: RequestContext) {
    const found = await this.members.find();
    context.disclose({ tableName: 'members', ids: found.map(({ id }) => id), list: true });
    throw invalid('/status', 'is not what it should be');
  }

  @Get('error-by-hand')
  @allowed
  async errorByHand(@Context() context: RequestContext, @Res() reply: FastifyReply) {
    const found = await this.members.find();
    context.disclose({ tableName: 'members', ids: found.map(({ id }) => id), list: true });
    await reply.status(409).send({ statuses: found.map(({ status }) => status) });
  }

  @Get('by-hand')
  @allowed
  async byHand(@Context() context: RequestContext, @Res() reply: FastifyReply) {
    const found = await this.members.find();
    context.disclose({ tableName: 'members', ids: found.map(({ id }) => id), list: true });
    await reply.send(found);
  }
}

let api: LocalApi;
let clerk: Client;
let ids: number[];
beforeAll(async () => {
  api = await startApi({ controllers: [CarelessController] });
  ids = await seedMembers(api.database, 3);
  clerk = await api.as('staff');
});
afterAll(() => api.close());

describe('a reply with records that nobody noted', () => {
  it.each(['found', 'one', 'nested', 'wrapped', 'spread', 'queried', 'raw', 'noted-in-part', 'noted-elsewhere'])(
    'is refused, and counted: %s',
    async (way) => {
      const before = await metricOf([api], 'ip2a_audit_unnoted_total');
      const reply = await clerk.get(`/careless/${way}`);
      expect(codeOf(reply)).toEqual([500, 'internal.error']);
      expect(reply.text).not.toMatch(/Delgado|member_number|memberNumber/);
      expect(await metricOf([api], 'ip2a_audit_unnoted_total')).toBe(before + 1);
      expect(await api.entries({ requestId: reply.requestId })).toEqual([]);
    },
  );
});

describe('an error', () => {
  it('that tells of a record which nobody noted is refused, and counted', async () => {
    const before = await metricOf([api], 'ip2a_audit_unnoted_total');
    const reply = await clerk.get('/careless/told');
    expect([...codeOf(reply), reply.text.includes('active')]).toEqual([500, 'internal.error', false]);
    expect(await metricOf([api], 'ip2a_audit_unnoted_total')).toBe(before + 1);
    expect(await api.entries({ requestId: reply.requestId })).toEqual([]);
  });

  it('that was decided by a record leaves with its entry', async () => {
    const reply = await clerk.get('/careless/considered');
    expect([...codeOf(reply), reply.text.includes('active')]).toEqual([422, 'request.invalid', true]);
    const [version] = await api.query<{ of: string }>('SELECT audit_ref AS of FROM members WHERE id = $1', [ids[0]]);
    const told = { tableName: 'members', recordId: ids[0], recordVersion: Number(version?.of) };
    await api.expectAudit(reply, { ...told, action: 'READ', outcome: 'success', notes: 'request.invalid' });
  });

  it('in place of a reply names no record of that reply', async () => {
    const reply = await clerk.get('/careless/shown-and-refused');
    expect(codeOf(reply)).toEqual([422, 'request.invalid']);
    await api.expectAudit(reply);
  });

  it('that a handler sends itself waits for its entry in the last hook', async () => {
    const reply = await clerk.get('/careless/error-by-hand');
    expect(reply.status).toBe(409);
    await api.expectAudit(reply, { action: 'BULK_READ', tableName: 'members', recordIds: ids });
  });
});

it('a reply with records that were noted leaves with its entry', async () => {
  const reply = await clerk.get('/careless/noted');
  expect(reply.status).toBe(200);
  await api.expectAudit(reply, { action: 'BULK_READ', tableName: 'members', recordIds: ids });
});

it('a reply that no interceptor sees waits for its entry in the last hook, and is counted', async () => {
  const before = await metricOf([api], 'ip2a_audit_released_last_total');
  const reply = await clerk.get('/careless/by-hand');
  expect(reply.status).toBe(200);
  await api.expectAudit(reply, { action: 'BULK_READ', tableName: 'members', recordIds: ids });
  expect(await metricOf([api], 'ip2a_audit_released_last_total')).toBe(before + 1);
});
