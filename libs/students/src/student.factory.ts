import type { z } from 'zod';
import type { CreateStudent } from './student.dto';

/** A valid student who is a member that exists. */
export function aStudent(memberId: number, overrides: Partial<z.infer<typeof CreateStudent>> = {}) {
  return {
    memberId,
    status: 'enrolled' as const,
    applicationDate: '2025-11-03',
    enrollmentDate: '2026-01-12',
    cohort: '2026-Spring',
    emergencyContactName: 'Maria Delgado',
    notes: 'Needs the evening class.',
    ...overrides,
  };
}
