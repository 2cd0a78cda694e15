import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { EmbeddedPostgresError } from './embedded-postgres.error';
import { type Layout } from './layout';

const roles = ['postgres', 'ip2a_owner', 'ip2a_app'] as const;

export type Role = (typeof roles)[number];

/** The password of each role. */
export type Credentials = Readonly<Record<Role, string>>;

export function readCredentials({ credentials: file }: Layout): Credentials | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Credentials;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new EmbeddedPostgresError(`cannot read ${file} (${code ?? 'it is damaged'}): start IP2A as its owner`);
  }
}

/** They are on the disk before a cluster is made with them; whoever comes first makes them for all. */
export function readOrMakeCredentials(layout: Layout): Credentials {
  const existing = readCredentials(layout);
  if (existing !== undefined) return existing;
  const made = Object.fromEntries(roles.map((role) => [role, randomBytes(24).toString('base64url')]));
  const draft = `${layout.credentials}.${process.pid}`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  writeFileSync(file, JSON.stringify(made, null, 2));
  fsyncSync(file);
  closeSync(file);
  try {
    linkSync(draft, layout.credentials);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  rmSync(draft);
  return readOrMakeCredentials(layout);
}

export function urlOf(role: Role, credentials: Credentials, port: number): string {
  const database = role === 'postgres' ? 'postgres' : 'ip2a';
  return `postgresql://${role}:${credentials[role]}@127.0.0.1:${port}/${database}`;
}
