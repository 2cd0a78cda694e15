import { Command } from 'commander';
import { withApp } from '../with-app';
import { UsageError } from '../usage-error';

interface Options {
  email: string;
  firstName: string;
  lastName: string;
  role: string[];
  memberId?: number;
  json?: boolean;
}

const longestPassword = 1000;

/** `ip2a user create`: an account that can log in at once. The password comes from standard input, never from the arguments. */
export function createUser(): Command {
  return new Command('create')
    .description('create an account; its password is read from standard input')
    .requiredOption('--email <address>', 'e-mail address to log in with')
    .requiredOption('--first-name <name>')
    .requiredOption('--last-name <name>')
    .requiredOption('--role <name...>', 'admin, officer, staff, organizer, instructor or member')
    .option('--member-id <id>', 'the member whose account this is', Number)
    .option('--json', 'print the account as JSON')
    .action(async ({ json, role, ...account }: Options) => {
      const { CreateUser, UsersService } = await import('#auth');
      const password = await passwordFromInput();
      const parsed = CreateUser.safeParse({ ...account, password, roles: role, emailVerified: true });
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        throw new UsageError(`${issue?.path.join('.')}: ${issue?.message}`);
      }
      await withApp('user:create', async ({ app, context, print }) => {
        const created = await app.get(UsersService).create(context, parsed.data);
        const line = json ? created.json : `Created user ${created.createdId} (${parsed.data.email}).`;
        await print(`${line}\n`);
      });
    });
}

export async function passwordFromInput(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Password (shown as you type; end with Enter): ');
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.includes('\n') || text.length > longestPassword) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
}
