import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context } from '#platform/http';
import { recordController } from '#records';
import { ByStudentNumber, CreateStudent, studentFilters, StudentView, UpdateStudent } from './student.dto';
import { students } from './student.resource';

@ApiTags('students')
@Controller('students')
export class StudentsController extends recordController(students, {
  name: 'students',
  filters: studentFilters,
  create: CreateStudent,
  update: UpdateStudent,
}) {
  @Get('by-number/:number')
  @Allow('students:read-by-number', {
    summary: 'Read a student by number',
    reply: StudentView,
    errors: ['record.not-found'],
  })
  getByNumber(
    @Context() context: RequestContext,
    @Param({ schema: ByStudentNumber }) { number }: z.infer<typeof ByStudentNumber>,
  ) {
    return this.records.get(context, students, { studentNumber: number });
  }
}
