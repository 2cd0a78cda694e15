import { Counter } from 'prom-client';

export const scans = new Counter({
  name: 'ip2a_virus_scans_total',
  help: 'Uploads that clamd was asked about, by outcome: clean, infected, too-large (for its limits), or failed (no answer).',
  labelNames: ['outcome'],
});
