import { Module } from '@nestjs/common';
import { OrganizationsController, OrganizationContactsController } from './organizations.controller';
import { OrganizationContactsService } from './organization-contacts.service';

@Module({
  controllers: [OrganizationsController, OrganizationContactsController],
  providers: [OrganizationContactsService],
})
export class OrganizationsModule {}
