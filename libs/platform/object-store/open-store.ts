import { resolve } from 'node:path';
import { ConfigError } from '#platform/config';
import { FolderStore } from './folder-store';
import type { ObjectStore, StoreSettings } from './object-store';
import { S3Store } from './s3-store';

/** The store of a URL, `file:FOLDER` or `s3://BUCKET/PREFIX`. Throws ConfigError naming the variable at fault. */
export async function openObjectStore(
  variable: 'ATTACHMENTS_URL' | 'ARCHIVE_URL',
  url: string,
  settings: StoreSettings,
): Promise<ObjectStore> {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(url) ?? [];
  if (bucket) return S3Store.open(bucket, prefix.replace(/\/+$/, ''), settings);
  const folder = resolve(url.replace(/^file:(\/\/(?=\/))?/, ''));
  try {
    return await FolderStore.open(folder, settings);
  } catch (error) {
    const { cause } = error as Error;
    throw new ConfigError(variable, `can not be used (${((cause ?? error) as Error).message})`);
  }
}
