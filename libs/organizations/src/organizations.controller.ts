import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context, fields } from '#platform/http';
import { listQuery, recordController, type ListQuery } from '#records';
import {
  contactFilters,
  CreateOrganization,
  CreateOrganizationContact,
  OrganizationContactPage,
  organizationFilters,
  UpdateOrganization,
  UpdateOrganizationContact,
} from './organization.dto';
import { OrganizationContactsService } from './organization-contacts.service';
import { contacts, organizations } from './organization.resource';

const { organizationId: _organizationId, ...filtersWithin } = contactFilters;
const ContactsOf = listQuery(Object.keys(contacts.sorts), filtersWithin);

@ApiTags('organizations')
@Controller('organizations')
export class OrganizationsController extends recordController(organizations, {
  name: 'organizations',
  filters: organizationFilters,
  create: CreateOrganization,
  update: UpdateOrganization,
  changing: 'An employer stays one while other records name it as such.',
  errors: ['record.in-use'],
}) {
  @Get(':id/contacts')
  @Allow('organizations:contacts', {
    summary: 'List the contacts of an organization',
    reply: OrganizationContactPage,
    errors: ['record.not-found'],
  })
  listContacts(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: z.infer<typeof fields.idParam>,
    @Query({ schema: ContactsOf }) query: ListQuery,
  ) {
    return this.lists.listOf(context, organizations, id, contacts, { ...query, organizationId: id });
  }
}

@ApiTags('organization-contacts')
@Controller('organization-contacts')
export class OrganizationContactsController extends recordController(contacts, {
  name: 'organization-contacts',
  filters: contactFilters,
  create: CreateOrganizationContact,
  update: UpdateOrganizationContact,
  rules: OrganizationContactsService,
}) {}
