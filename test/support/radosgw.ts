import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './load';
import { freePort } from './ports';
import { commandOf } from './processes';

const run = promisify(execFile);
const programs = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph', 'monmaptool', 'ceph-authtool'];
/** What it knows beside STANDARD; to radosgw they are names, and it gives their objects back like others. */
const storageClasses = ['STANDARD_IA', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'];
const timeoutMs = 30_000;
/** The answer of a server that is not there yet. */
const failed = () => false;

/** A real S3 server, Ceph's radosgw, that holds what it is given in memory. For aws:kms it has one key, `testkey`. */
export interface Radosgw {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Does nothing the second time. */
  stop(): Promise<void>;
}

/** What of radosgw is not on this machine; empty where it can be started. */
export function missingPrograms(): string[] {
  const folders = (process.env.PATH ?? '').split(':');
  return programs.filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
}

/**
 * Starts a monitor, a storage daemon and radosgw in a folder of their own, on loopback, in about three seconds. Sizes and
 * timings are the least that Ceph takes: the data of a test is small and gone with it.
 */
export async function startRadosgw(): Promise<Radosgw> {
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-s3-'));
  const [port, monitorPort] = [await freePort(), await freePort()];
  const accessKeyId = 'testtesttesttesttest';
  const secretAccessKey = 'secretsecretsecretsecretsecretsecretsecr';
  for (const name of ['mon', 'osd', 'out']) mkdirSync(join(folder, name));
  const conf = join(folder, 'ceph.conf');
  const fsid = randomUUID();
  writeFileSync(conf, configuration(folder, { fsid, port, monitorPort }));
  const stop = () => stopDaemons(folder);
  const call = (program: string, ...options: string[]) =>
    run(program, options, { env: { ...process.env, CEPH_CONF: conf }, timeout: timeoutMs });
  // A test that failed before it stopped the server does not leave it behind.
  const emergency = () => daemonsOf(folder).forEach((pid) => process.kill(pid, 'SIGKILL'));
  process.once('exit', emergency);
  try {
    const keyring = join(folder, 'keyring');
    const caps = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *', '--cap', 'mgr', 'allow *'];
    await call('ceph-authtool', '--create-keyring', keyring, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *');
    for (const name of ['client.admin', 'client.rgw']) {
      await call('ceph-authtool', keyring, '--gen-key', '-n', name, ...caps);
    }
    const monmap = join(folder, 'monmap');
    const monitor = `[v2:127.0.0.1:${monitorPort}]`;
    await call('monmaptool', '--create', '--clobber', '--fsid', fsid, '--addv', 'a', monitor, monmap);
    await call('ceph-mon', '-c', conf, '-i', 'a', '--mkfs', '--monmap', monmap, '--keyring', keyring);
    await call('ceph-mon', '-c', conf, '-i', 'a');
    const osd = randomUUID();
    await call('ceph', '-c', conf, 'osd', 'create', osd, '0');
    await call('ceph-osd', '-c', conf, '-i', '0', '--mkfs', '--osd-uuid', osd);
    await call('ceph-osd', '-c', conf, '-i', '0');
    const isUp = () => call('ceph', '-c', conf, 'osd', 'stat').then(({ stdout }) => stdout.includes('1 up'), failed);
    await until(isUp, timeoutMs, 100);
    const administer = (...options: string[]) => call('radosgw-admin', '-c', conf, '-n', 'client.rgw', ...options);
    const keys = ['--access-key', accessKeyId, '--secret', secretAccessKey];
    await administer('user', 'create', '--uid=t', '--display-name=t', ...keys);
    for (const name of storageClasses) {
      const placement = ['placement', 'add', '--placement-id', 'default-placement', '--storage-class', name];
      await administer('zonegroup', ...placement, '--rgw-zonegroup', 'default');
      await administer('zone', ...placement, '--rgw-zone', 'default', '--data-pool', 'default.rgw.other.data');
    }
    await call('radosgw', '-c', conf, '-n', 'client.rgw');
    const endpoint = `http://127.0.0.1:${port}`;
    await until(() => fetch(endpoint).then(({ ok }) => ok, failed), timeoutMs, 100);
    return {
      endpoint,
      accessKeyId,
      secretAccessKey,
      stop: async () => {
        process.removeListener('exit', emergency);
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configuration(
  folder: string,
  { fsid, port, monitorPort }: { fsid: string; port: number; monitorPort: number },
): string {
  const modes = ['ms_mon_client_mode', 'ms_mon_service_mode', 'ms_mon_cluster_mode'];
  const none = ['auth_supported', 'auth_cluster_required', 'auth_service_required', 'auth_client_required'];
  return `[global]
fsid = ${fsid}
${none.map((name) => `${name} = none`).join('\n')}
${modes.map((name) => `${name} = crc secure`).join('\n')}
mon_initial_members = a
mon_host = [v2:127.0.0.1:${monitorPort}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv4 = true
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 2000
osd_crush_chooseleaf_type = 0
run_dir = ${folder}/out
admin_socket = ${folder}/out/$name.asok
log_file = ${folder}/out/$name.log
pid_file = ${folder}/out/$name.pid
crash_dir = ${folder}/out
keyring = ${folder}/keyring
mon_data = ${folder}/mon
osd_data = ${folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_class_load_list = *
osd_class_default_list = *
mon_data_avail_crit = 1
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
osd_mon_report_interval = 1
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:${port}
rgw_enable_usage_log = false
rgw_dns_name = localhost
rgw_thread_pool_size = 64
rgw_crypt_require_ssl = false
rgw_crypt_s3_kms_backend = testing
rgw_crypt_s3_kms_encryption_keys = testkey=${Buffer.alloc(32, 7).toString('base64')}
`;
}

async function stopDaemons(folder: string): Promise<void> {
  for (const pid of daemonsOf(folder)) process.kill(pid, 'SIGKILL');
  await until(() => daemonsOf(folder).length === 0, timeoutMs);
  rmSync(folder, { recursive: true, force: true });
}

/** The daemons of this folder that run: their files of process ids, and that the process is one with this configuration. */
function daemonsOf(folder: string): number[] {
  const out = join(folder, 'out');
  if (!existsSync(out)) return [];
  return readdirSync(out)
    .filter((name) => name.endsWith('.pid'))
    .map((name) => Number(readFileSync(join(out, name), 'utf8')))
    .filter((pid) => pid > 1 && commandOf(pid).includes(folder));
}
