import { z } from 'zod';
import { fields } from '#platform/http';
import { viewOf } from '#records';
import { STUDENT_STATUSES } from './student.entity';

const status = z.enum(STUDENT_STATUSES).describe('How far the student is.');
const sent = {
  memberId: fields.id.describe('The member who is the student; a member is one student at most.'),
  status,
  applicationDate: fields.day.meta({ examples: ['2025-11-03'] }),
  enrollmentDate: fields.day.nullish().meta({ examples: ['2026-01-12'] }),
  expectedCompletionDate: fields.day.nullish().meta({ examples: ['2030-12-20'] }),
  actualCompletionDate: fields.day
    .nullish()
    .describe('Not before the enrollment.')
    .meta({ examples: ['2030-12-18'] }),
  cohort: fields
    .text(50)
    .nullish()
    .meta({ examples: ['2026-Spring'] }),
  emergencyContactName: fields
    .text(100)
    .nullish()
    .meta({ examples: ['Maria Delgado'] }),
  emergencyContactPhone: fields
    .text(50)
    .nullish()
    .meta({ examples: ['555-0177'] }),
  emergencyContactRelationship: fields
    .text(50)
    .nullish()
    .meta({ examples: ['sister'] }),
  notes: fields
    .longText(20_000)
    .nullish()
    .meta({ examples: ['Needs the evening class.'] }),
};
const studentNumber = z
  .string()
  .regex(/^S\d{6}$/, 'must be S and six digits')
  .describe('Made by the server.')
  .meta({ examples: ['S000017'] });

export const CreateStudent = z
  .strictObject({ ...sent, status: status.default('applicant') })
  .meta({ id: 'CreateStudent' });
export const UpdateStudent = z.strictObject(sent).partial().meta({ id: 'UpdateStudent' });
export const StudentView = viewOf('StudentView', sent, {
  made: { studentNumber },
  restricted: ['notes'],
  isSoft: true,
});
export const studentFilters = {
  status: status.optional(),
  cohort: fields.text(50).optional().describe('Students of this cohort.'),
  memberId: fields.idText.optional().describe('The student who is this member.'),
};
export const ByStudentNumber = z.strictObject({
  number: z
    .string()
    .trim()
    .regex(/^[Ss]\d{6}$/, 'must be S and six digits')
    .describe('The number of the student, in any case.')
    .meta({ examples: ['S000123'] }),
});
