import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { missingPrograms, Topology } from './topology';

const usage = `npm run topology -- [--folder FOLDER] [--port 8080] [--workers 2] [--replica-delay 5s] [--set NAME=VALUE …]
Starts nginx, the workers, PgBouncer, a primary with two replicas, Redis, S3, Prometheus and alertmanager on this machine.
Without --folder everything is in a temporary one, which goes when it is stopped. --set changes a setting of the API.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string' },
      port: { type: 'string', default: '8080' },
      workers: { type: 'string', default: '2' },
      'replica-delay': { type: 'string', default: '0' },
      set: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(usage);
    return;
  }
  const missing = missingPrograms();
  if (missing.length > 0) {
    say(`Not installed: ${missing.join(', ')}. On Debian, as root:`);
    say(
      '  RUNLEVEL=1 apt-get install --no-install-recommends nginx-light pgbouncer redis-server postgresql-15 prometheus \\',
    );
    say('    prometheus-alertmanager radosgw ceph-mon ceph-osd');
    process.exit(78);
  }
  const folder = values.folder ? resolve(values.folder) : mkdtempSync(join(tmpdir(), 'ip2a-topology-'));
  const begun = performance.now();
  const options = {
    folder,
    port: Number(values.port),
    workers: Number(values.workers),
    replicaDelay: values['replica-delay'],
    settings: Object.fromEntries(values.set.map((setting) => setting.split(/=(.*)/s).slice(0, 2) as [string, string])),
  };
  const topology = await Topology.start(options);
  const alive = setInterval(() => undefined, 60_000);
  let isStopping = false;
  const stop = async () => {
    if (isStopping) process.exit(1);
    isStopping = true;
    say('Stopping everything …');
    await topology.stop();
    if (!values.folder) rmSync(folder, { recursive: true, force: true });
    clearInterval(alive);
    process.exit(0);
  };
  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
  const at = (port: number) => `127.0.0.1:${port}`;
  say(
    `IP2A listens on ${topology.url} — Swagger UI at ${topology.url}/docs (after ${((performance.now() - begun) / 1000).toFixed(1)} s)`,
  );
  say(`  log in      admin@local.example   ${topology.adminPassword}`);
  say(
    `  workers     ${values.workers} behind ${at(topology.api.port)}, supervisor ${topology.api.pid}; kill -HUP it to replace them`,
  );
  say(`  pgbouncer   ${topology.pgbouncerAdminUrl}`);
  say(
    `  primary     ${at(topology.primary.port)}   replicas ${topology.replicas.map(({ port }) => at(port)).join(', ')}`,
  );
  say(`  redis       ${at(topology.redis.port)}   passwords in ${join(folder, 'passwords.json')}`);
  say(`  prometheus  http://${at(topology.prometheus.port)}   alertmanager http://${at(topology.alertmanager.port)}`);
  say(`  settings    ${join(folder, 'api.env')}, for commands: (set -a; . FILE; npm run -s ip2a -- …)`);
  say(`  logs        ${folder}/*/log`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`The topology can not start: ${(error as Error).stack}\n`);
  process.exit(1);
});
