import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG, type Config } from '#platform/config';
import { aPdf, formHeaders, formOf, type Part } from '../../libs/attachments/src/attachment.factory';
import type { Client, LocalApi, Reply } from './harness';

export const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

export const ownerParts = (recordId: number): Part[] => [
  ['recordType', 'member'],
  ['recordId', recordId],
];

export function upload(client: Client, parts: Part[], headers = {}): Promise<Reply> {
  return client.post('/attachments', formOf(parts), { ...formHeaders, ...headers });
}

/** The files of one member, as a client attaches them and as they lie in the store's folder. */
export class Files {
  readonly folder: string;

  constructor(
    private readonly api: LocalApi,
    private readonly client: Client,
    private readonly memberId: number,
  ) {
    this.folder = api.app.get<Config>(CONFIG).ATTACHMENTS_URL.replace('file:', '');
  }

  attach(content: Buffer, fileName: string, client = this.client, memberId = this.memberId): Promise<Reply> {
    return upload(client, [...ownerParts(memberId), ['file', content, fileName]]);
  }

  /** Attaches a file that is taken, and answers its id. */
  async attached(fileName = 'agreement.pdf', content = aPdf()): Promise<number> {
    const reply = await this.attach(content, fileName);
    if (reply.status !== 201) throw new Error(reply.text);
    return reply.json<{ id: number }>().id;
  }

  /** Where the object of an attachment lies. */
  async pathOf(id: number): Promise<string> {
    return join(this.folder, await this.keyOf(id));
  }

  async keyOf(id: number): Promise<string> {
    const [row] = await this.api.query<{ key: string }>(
      'SELECT storage_key AS key FROM file_attachments WHERE id = $1',
      [id],
    );
    return row?.key ?? '';
  }

  /** What is in the store, temporary files included, without the facts beside objects. */
  objects(): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(this.folder, name), { throwIfNoEntry: false })?.isFile())
      .filter((name) => !name.endsWith('.facts'))
      .sort();
  }

  /** Everything there is: objects and rows. A refused upload changes neither. */
  async all(): Promise<unknown> {
    const rows = await this.api.query<{ id: number }>('SELECT id FROM file_attachments ORDER BY id');
    return { objects: this.objects(), rows: rows.map(({ id }) => id) };
  }
}
