import { Injectable } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import type { Rendered } from '#platform/http';
import { Records, type Verbs } from '#records';
import type { CreateMemberEmployment, UpdateMemberEmployment } from './member-employment.dto';
import { employments } from './member-employment.resource';

/** Employments, in which "current" follows the end date unless somebody says otherwise. */
@Injectable()
export class EmploymentsService implements Verbs<CreateMemberEmployment, UpdateMemberEmployment> {
  constructor(private readonly records: Records) {}

  create(context: RequestContext, employment: CreateMemberEmployment): Promise<Rendered> {
    const isCurrent = employment.isCurrent ?? !employment.endDate;
    return this.records.create(context, employments, { ...employment, isCurrent });
  }

  /** An end date ends the employment: what is over is not current, and what has no end any more goes on. */
  update(context: RequestContext, id: number, patch: UpdateMemberEmployment, ifMatch?: string[]): Promise<Rendered> {
    const isCurrent = patch.isCurrent ?? (patch.endDate === undefined ? undefined : patch.endDate === null);
    return this.records.update(context, employments, id, { ...patch, isCurrent }, ifMatch);
  }
}
