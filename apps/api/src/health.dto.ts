import { z } from 'zod';

const status = z.enum(['ok', 'warn', 'error']);

export const Health = z
  .object({
    status,
    checks: z.record(z.string(), z.object({ status, detail: z.string().optional() })),
  })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof Health>;
