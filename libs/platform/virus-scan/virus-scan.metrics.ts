import { Counter } from 'prom-client';

export const scans = new Counter({
  name: 'ip2a_virus_scans_total',
  help: 'Uploads that clamd was asked about, by outcome: clean, infected, too-large (for its limits), or failed (no answer).',
  labelNames: ['outcome'],
});

// An outcome that is first seen with its first case has no increase.
for (const outcome of ['clean', 'infected', 'too-large', 'failed']) scans.inc({ outcome }, 0);
