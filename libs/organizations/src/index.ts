export { mustBeEmployer } from './employers';
export { OrganizationContact } from './organization-contact.entity';
export { Organization } from './organization.entity';
export { contacts, organizations } from './organization.resource';
export { OrganizationsModule } from './organizations.module';
