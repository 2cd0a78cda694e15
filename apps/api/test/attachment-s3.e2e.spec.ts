import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { aPdf } from '../../../libs/attachments/src/attachment.factory';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { missingPrograms, startRadosgw, type Radosgw } from '../../../test/support/radosgw';
import { ownerParts, sha256, upload } from '../../../test/support/files';
import { type Client, codeOf, type Program, spawnApi } from '../../../test/support/harness';
import { seedMembers } from '../../../test/support/seed';

/** Longer than the 10 s in which an answer of the server must begin. */
const slowMs = 12_000;

/** Passes bytes on at an even pace, so that all of them take `ms`. */
function pace(bytes: number, ms: number): Transform {
  const begun = performance.now();
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      setTimeout(() => done(null, chunk), begun + (passed / bytes) * ms - performance.now());
    },
  });
}

const missing = missingPrograms();
if (missing.length > 0) {
  process.stderr.write(`SKIPPED: attachments are not tested on S3, because ${missing.join(', ')} is not installed.\n`);
}

(missing.length > 0 ? describe.skip : describe)('attachments in an S3 bucket', () => {
  let database: TestDatabase;
  let server: Radosgw;
  let api: Program;
  let staff: Client;
  let member: number;

  beforeAll(async () => {
    [database, server] = await Promise.all([createTestDatabase(), startRadosgw()]);
    const { endpoint, accessKeyId, secretAccessKey } = server;
    const credentials = { accessKeyId, secretAccessKey };
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
    await client.send(new CreateBucketCommand({ Bucket: 'files' }));
    client.destroy();
    api = await spawnApi(database, {
      ATTACHMENTS_URL: 's3://files/attachments',
      S3_ENDPOINT: endpoint,
      S3_FORCE_PATH_STYLE: 'true',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    });
    [member = 0] = await seedMembers(database, 1);
    staff = await api.as('staff');
  });
  afterAll(async () => {
    await api.close();
    await server.stop();
    await database.drop();
  });

  it('are not cut off for a reader who takes longer than a call to the server may', async () => {
    const content = aPdf(24_000_000);
    const created = await upload(staff, [...ownerParts(member), ['file', content, 'slow.pdf']]);
    const message = await staff.open('GET', `/attachments/${created.json<{ id: number }>().id}/content`);
    const begun = performance.now();
    const hash = createHash('sha256');
    await pipeline(message, pace(content.length, slowMs), hash);
    expect(performance.now() - begun).toBeGreaterThan(slowMs * 0.9);
    expect(hash.digest('hex')).toBe(sha256(content));
    await database.query('DELETE FROM file_attachments');
  });

  it('come back as they were sent, and are a 503 once the server is gone', async () => {
    const content = aPdf(5_000_000);
    const created = await upload(staff, [...ownerParts(member), ['file', content, 'a.pdf']]);
    expect([created.status, created.json()['sha256']]).toEqual([201, sha256(content)]);
    const { id } = created.json<{ id: number }>();
    const path = `/attachments/${id}/content`;
    const message = await staff.open('GET', path);
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    expect(sha256(Buffer.concat(chunks))).toBe(sha256(content));

    await server.stop();
    const replies = [await upload(staff, [...ownerParts(member), ['file', aPdf(), 'b.pdf']]), await staff.get(path)];
    expect(replies.map(codeOf)).toEqual(Array(2).fill([503, 'service.unavailable']));
    const [counted] = await database.query<{ rows: number }>('SELECT count(*)::integer AS rows FROM file_attachments');
    expect(counted?.rows).toBe(1);
    // Either answer tells that the record is there: of one that is not, it would be a 422 or 404.
    const notes = 'service.unavailable';
    await api.expectAudit(replies[0]!, { action: 'READ', tableName: 'members', recordId: member, notes });
    await api.expectAudit(replies[1]!, { action: 'READ', tableName: 'file_attachments', recordId: id, notes });
  });
});
