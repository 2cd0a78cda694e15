import { randomBytes, randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { systemActor, type Role } from '#access';
import { UsersService, weaknessOf } from '#auth';
import type { Config } from '#platform/config';
import { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { seedDemoLocal } from './demo-local';

/**
 * On an empty database: the first administrator, and in embedded mode a small synthetic local with one account for each
 * side of the counter. Returns the lines that tell how to log in; passwords that were made up are in no other place.
 */
export async function firstBoot(app: INestApplicationContext, config: Config): Promise<string[]> {
  const database = app.get(Database);
  const context = new RequestContext({
    source: 'job',
    requestId: randomUUID(),
    route: 'system:first-boot',
    actor: systemActor('first-boot'),
  });
  return database.transaction(context, async () => {
    await database.query(context, `SELECT pg_advisory_xact_lock(hashtextextended('first-boot', 0))`);
    const [users] = await database.query(context, 'SELECT 1 FROM users LIMIT 1');
    if (users) return ['Log in with an account you have.'];
    const { ADMIN_EMAIL, ADMIN_PASSWORD } = config;
    if (!config.embedded && !ADMIN_EMAIL)
      return ['There is no account yet: set ADMIN_EMAIL and ADMIN_PASSWORD, or use "ip2a user create".'];
    const admin = { email: ADMIN_EMAIL ?? 'admin@local.example', password: ADMIN_PASSWORD ?? madeUp() };
    await createAccount(app, context, 'admin', admin);
    const weakness = ADMIN_PASSWORD && weaknessOf(ADMIN_PASSWORD, admin, config);
    const advice = weakness ? [`ADMIN_PASSWORD ${weakness}: change it at once.`] : [];
    if (!config.embedded) return [`Log in as ${admin.email} with ADMIN_PASSWORD.`, ...advice];
    // A local that is there already, seeded or restored, gets accounts and no demo.
    const [existing] = await database.query<{ id: number }>(context, 'SELECT id FROM members ORDER BY id LIMIT 1');
    const memberId = existing?.id ?? (await seedDemoLocal(context, app));
    const staff = { email: 'clerk@local.example', password: madeUp() };
    const member = { email: 'member@local.example', password: madeUp() };
    await createAccount(app, context, 'staff', staff);
    await createAccount(app, context, 'member', member, memberId);
    return [
      'A demo local was created. These passwords are shown once:',
      `  admin   ${admin.email}   ${ADMIN_PASSWORD ? '(ADMIN_PASSWORD)' : admin.password}`,
      `  staff   ${staff.email}   ${staff.password}`,
      `  member  ${member.email}  ${member.password}`,
      ...advice,
    ];
  });
}

async function createAccount(
  app: INestApplicationContext,
  context: RequestContext,
  role: Role,
  account: { email: string; password: string },
  memberId?: number,
): Promise<void> {
  const name = { firstName: 'Demo', lastName: role.charAt(0).toUpperCase() + role.slice(1) };
  await app
    .get(UsersService)
    .createFirst(context, { ...account, ...name, roles: [role], emailVerified: true, memberId });
}

function madeUp(): string {
  return randomBytes(12).toString('base64url');
}
