import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { aPdf } from '../../../libs/attachments/src/attachment.factory';
import { createTestDatabase, type TestDatabase } from '../../../test/setup/database';
import { missingPrograms, startRadosgw, type Radosgw } from '../../../test/setup/radosgw';
import { codeOf, ownerParts, sha256, upload } from './files';
import { spawnApi, type Client, type Program } from './harness';
import { seedMembers } from './seed';

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

  it('come back as they were sent, and are a 503 once the server is gone', async () => {
    const content = aPdf(5_000_000);
    const created = await upload(staff, [...ownerParts(member), ['file', content, 'a.pdf']]);
    expect([created.status, created.json()['sha256']]).toEqual([201, sha256(content)]);
    const path = `/attachments/${created.json<{ id: number }>().id}/content`;
    const message = await staff.open('GET', path);
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    expect(sha256(Buffer.concat(chunks))).toBe(sha256(content));

    await server.stop();
    const replies = [await upload(staff, [...ownerParts(member), ['file', aPdf(), 'b.pdf']]), await staff.get(path)];
    expect(replies.map(codeOf)).toEqual(Array(2).fill([503, 'service.unavailable']));
    const [counted] = await database.query<{ rows: number }>('SELECT count(*)::integer AS rows FROM file_attachments');
    expect(counted?.rows).toBe(1);
  });
});
