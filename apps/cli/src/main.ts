import { Command, CommanderError } from 'commander';
import { archiveList, archiveRestore, archiveRun } from './commands/archive';
import { auditBundle } from './commands/audit-bundle';
import { auditExport } from './commands/audit-export';
import { auditKey } from './commands/audit-key';
import { auditTrail } from './commands/audit-trail';
import { auditVerify } from './commands/audit-verify';
import { databaseUrl } from './commands/database-url';
import { listJobs } from './commands/jobs';
import { resumeLedger } from './commands/ledger-resume';
import { migrateDatabase } from './commands/migrate';
import { integrityCheck, integrityConstraints, integrityRepair } from './commands/integrity';
import { stressLoad } from './commands/stress-load';
import { stressSeed } from './commands/stress-seed';
import { lockUser, resetPassword, unlockUser, userSessions } from './commands/user-account';
import { createUser } from './commands/user-create';
import { serveWitness } from './commands/witness';
import { UsageError } from './usage-error';

const usageStatus = 2;

function program(): Command {
  const ip2a = new Command('ip2a')
    .description('The operator’s commands of IP2A. Settings come from the environment, as for the server.')
    .exitOverride()
    .showHelpAfterError('(add --help for what it takes)');
  ip2a.addCommand(migrateDatabase());
  ip2a.addCommand(
    new Command('user')
      .description('accounts')
      .addCommand(createUser())
      .addCommand(lockUser())
      .addCommand(unlockUser())
      .addCommand(userSessions())
      .addCommand(resetPassword()),
  );
  ip2a.addCommand(
    new Command('audit')
      .description('the ledger')
      .addCommand(auditTrail())
      .addCommand(auditExport())
      .addCommand(auditVerify())
      .addCommand(auditBundle())
      .addCommand(auditKey()),
  );
  ip2a.addCommand(new Command('ledger').description('the sealing of the ledger').addCommand(resumeLedger()));
  ip2a.addCommand(
    new Command('archive')
      .description('what leaves PostgreSQL')
      .addCommand(archiveRun())
      .addCommand(archiveList())
      .addCommand(archiveRestore()),
  );
  ip2a.addCommand(
    new Command('integrity')
      .description('whether the records agree')
      .addCommand(integrityCheck())
      .addCommand(integrityRepair())
      .addCommand(integrityConstraints()),
  );
  ip2a.addCommand(
    new Command('stress').description('synthetic data and load').addCommand(stressSeed()).addCommand(stressLoad()),
  );
  ip2a.addCommand(listJobs());
  ip2a.addCommand(serveWitness());
  ip2a.addCommand(new Command('database').description('the database').addCommand(databaseUrl()));
  // A command that is added does not take this over.
  for (const group of ip2a.commands) for (const command of [group, ...group.commands]) command.exitOverride();
  return ip2a;
}

async function main(): Promise<void> {
  try {
    await program().parseAsync();
  } catch (error) {
    const { status, line } = await endOf(error);
    process.exitCode = status;
    if (line !== undefined) process.stderr.write(`${line}\n`);
  }
}

/** 0 done · 1 the work found or met a fault · 2 it was asked for wrongly · 78 the settings are wrong. */
async function endOf(error: unknown): Promise<{ status: number; line?: string }> {
  // Commander has said it.
  if (error instanceof CommanderError) return { status: error.exitCode === 0 ? 0 : usageStatus };
  const { message: line } = error as Error;
  if (error instanceof UsageError) return { status: usageStatus, line };
  const { ConfigError } = await import('#platform/config');
  if (error instanceof ConfigError) return { status: ConfigError.exitStatus, line };
  const { DomainError } = await import('#kernel');
  if (!(error instanceof DomainError)) return { status: 1, line };
  const faults = (error.errors ?? []).map(({ pointer, message }) => `${pointer.slice(1)}: ${message}`);
  return { status: error.status < 500 ? usageStatus : 1, line: [line, ...faults].join(' ') };
}

void main();
