import { Injectable } from '@nestjs/common';
import { mustBeEmployer } from '#organizations';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import type { Rendered } from '#platform/http';
import { Records, type Verbs } from '#records';
import type { CreateSaltingActivity, UpdateSaltingActivity } from './salting-activity.dto';
import { activities } from './salting-activity.resource';

/** SALTing happens at employers. */
@Injectable()
export class SaltingActivitiesService implements Verbs<CreateSaltingActivity, UpdateSaltingActivity> {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
  ) {}

  create(context: RequestContext, activity: CreateSaltingActivity): Promise<Rendered> {
    return this.records.create(context, activities, activity, {
      prepare: () => mustBeEmployer(context, this.database, activity.organizationId, '/organizationId'),
    });
  }

  update(context: RequestContext, id: number, patch: UpdateSaltingActivity, ifMatch?: string[]): Promise<Rendered> {
    return this.database.transaction(context, async () => {
      await mustBeEmployer(context, this.database, patch.organizationId, '/organizationId');
      return this.records.update(context, activities, id, patch, ifMatch);
    });
  }
}
