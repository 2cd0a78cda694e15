import { Command } from 'commander';
import type { Rendered } from '#platform/http';
import { UsageError } from '../usage-error';
import { withApp, type Run } from '../with-app';
import { passwordFromInput } from './user-create';

interface Options {
  email?: string;
  reason?: string;
  end?: boolean;
  json?: boolean;
}

type Asked = Pick<Run, 'app' | 'context'> & { userId: number };

/** `ip2a user lock`: the account opens no session any more, and those that it has end. */
export function lockUser(): Command {
  return onAccount('lock', 'lock an account until it is unlocked, and end its sessions').action(
    change('lock', 'Locked', async ({ app, context, userId }) => {
      const { UsersService } = await import('#auth');
      return app.get(UsersService).lock(context, userId);
    }),
  );
}

/** `ip2a user unlock`: ends the lock of an administrator, and the waits that wrong passwords and codes have caused. */
export function unlockUser(): Command {
  return onAccount('unlock', 'end the lock of an account, and its waits after wrong passwords and codes').action(
    change('unlock', 'Unlocked', async ({ app, context, userId }) => {
      const { UsersService } = await import('#auth');
      return app.get(UsersService).unlock(context, userId);
    }),
  );
}

/** `ip2a user reset-password`: for somebody who can have no link mailed. The password comes from standard input. */
export function resetPassword(): Command {
  const description = 'give an account a password, read from standard input, that its owner must change at the log-in';
  return onAccount('reset-password', description).action(async (account: string | undefined, options: Options) => {
    const { UpdateUser, UsersService } = await import('#auth');
    const parsed = UpdateUser.safeParse({ password: await passwordFromInput(), mustChangePassword: true });
    if (!parsed.success) throw new UsageError(`password: ${parsed.error.issues[0]?.message}`);
    const reset = change('reset-password', 'Gave a new password to', ({ app, context, userId }) =>
      app.get(UsersService).update(context, userId, parsed.data),
    );
    await reset(account, options);
  });
}

/** `ip2a user sessions`: the open sessions of an account, the one used last first; with `--end` it ends them. */
export function userSessions(): Command {
  return onAccount('sessions', 'list the open sessions of an account')
    .option('--end', 'end them all')
    .action(async (account: string | undefined, options: Options) => {
      const { SessionsService } = await import('#auth');
      await onUser('sessions', account, options, async ({ app, context, print, userId }) => {
        const sessions = app.get(SessionsService);
        const items = await sessions.listOf(context, userId);
        if (options.end) await sessions.endAllOf(context, userId);
        const lines = items.map((item) =>
          [item.id, item.createdAt, item.lastUsedAt, item.ipAddress ?? '-', item.userAgent ?? '-'].join('  '),
        );
        await print(options.json ? `${JSON.stringify({ items })}\n` : lines.map((line) => `${line}\n`).join(''));
      });
    });
}

function onAccount(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('[account]', 'its e-mail address or id')
    .option('--email <address>', 'its e-mail address')
    .option('--reason <text>', 'why; it is put on record')
    .option('--json', 'print one JSON document');
}

function change(command: string, done: string, work: (asked: Asked) => Promise<Rendered>) {
  return (account: string | undefined, options: Options) =>
    onUser(command, account, options, async ({ app, context, print, userId }) => {
      const { json } = await work({ app, context, userId });
      await print(options.json ? `${json}\n` : `${done} user ${userId}.\n`);
    });
}

async function onUser(
  command: string,
  account: string | undefined,
  { email, reason }: Options,
  work: (run: Run & { userId: number }) => Promise<void>,
): Promise<void> {
  const named = account ?? email;
  if (named === undefined || (account !== undefined && email !== undefined)) {
    throw new UsageError('Name one account, by its e-mail address or its id.');
  }
  const { UsersService } = await import('#auth');
  const run = async ({ app, context, ...rest }: Run) => {
    const userId = await app.get(UsersService).idOf(context, named);
    if (userId === undefined) throw new UsageError(`There is no account ${named}.`);
    await work({ app, context, ...rest, userId });
  };
  await withApp(`user:${command}`, run, { reason });
}
