import { Injectable } from '@nestjs/common';
import { IsNull, Not } from 'typeorm';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import type { Rendered } from '#platform/http';
import { Records, type Verbs } from '#records';
import type { CreateOrganizationContact, UpdateOrganizationContact } from './organization.dto';
import { contacts } from './organization.resource';
import { OrganizationContact } from './organization-contact.entity';

/** Contacts, of which an organization has one primary one at most. */
@Injectable()
export class OrganizationContactsService implements Verbs<CreateOrganizationContact, UpdateOrganizationContact> {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
  ) {}

  create(context: RequestContext, contact: CreateOrganizationContact): Promise<Rendered> {
    if (!contact.isPrimary) return this.records.create(context, contacts, contact);
    return this.records.create(context, contacts, contact, {
      prepare: () => this.demoteOthers(context, contact.organizationId),
    });
  }

  /** A primary contact that moves or is made so ends that of the other, in the same transaction. */
  update(context: RequestContext, id: number, patch: UpdateOrganizationContact, ifMatch?: string[]): Promise<Rendered> {
    if (patch.isPrimary === undefined && patch.organizationId === undefined) {
      return this.records.update(context, contacts, id, patch, ifMatch);
    }
    return this.database.transaction(context, async () => {
      await this.holdOrganizationOf(context, id);
      const current = await this.records.hold<CreateOrganizationContact>(context, contacts, id, { ifMatch });
      if (patch.isPrimary ?? current.isPrimary) {
        await this.demoteOthers(context, patch.organizationId ?? current.organizationId, id);
      }
      return this.records.update(context, contacts, id, patch, ifMatch);
    });
  }

  /** Before the contact itself is held: who demotes it holds the organization, and would wait for the contact. */
  private async holdOrganizationOf(context: RequestContext, id: number): Promise<void> {
    await this.database.query(
      context,
      `SELECT FROM organizations WHERE id = (SELECT organization_id FROM organization_contacts WHERE id = $1)
       FOR NO KEY UPDATE`,
      [id],
    );
  }

  /** One change of an organization's contacts at a time, so that two who become primary at once do not meet. */
  private async demoteOthers(context: RequestContext, organizationId: number, id = 0): Promise<void> {
    await this.database.query(context, 'SELECT id FROM organizations WHERE id = $1 FOR NO KEY UPDATE', [
      organizationId,
    ]);
    await this.database
      .manager(context)
      .update(
        OrganizationContact,
        { organizationId, isPrimary: true, id: Not(id), deletedAt: IsNull() },
        { isPrimary: false },
      );
  }
}
