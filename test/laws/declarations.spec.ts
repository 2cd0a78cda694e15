import { getMetadataArgsStorage } from 'typeorm';
import { entities } from '#app';
import { examples } from '../support/examples';
import { can, controllers, declaredResources, exportsOf, resources } from '../support/resources';
import { sourcesIn } from '../support/sources';

/** The operations that no resource may lack: to find its records, and to learn who saw or changed one. */
const indispensable = ['list', 'read', 'audit-trail'];

/** Foreign keys that let what they name be removed while the row with them stays, each with its reason. */
const lettingGo: Record<string, string> = {
  'benevolence-reviews.applicationId': 'what reviewers said stays readable when the application is removed',
  'benevolence-reviews.reviewerId': 'what somebody did outlives their account',
  'break-glass-reviews.openedBy': 'likewise',
  'break-glass-reviews.closedBy': 'likewise',
  'registrations.confirmedBy': 'likewise',
  'archives.restoreAskedBy': 'likewise',
  'legal-holds.placedBy': 'likewise',
  'legal-holds.releasedBy': 'likewise',
  'members.mergedInto': 'the number of who was merged finds nobody once the other is removed',
  'registrations.memberId': 'a registration for a removed member opens no account',
  'grievances.assignedRepId': 'a grievance outlives the account of who represents it',
};

const nameOf = (value: unknown) => (value as { name: string }).name;

describe('what the sources declare', () => {
  it('is part of the application: every entity', () => {
    const tables = getMetadataArgsStorage().tables.map(({ target }) => target as unknown);
    const forgotten = exportsOf('entity').filter(
      (value) => tables.includes(value) && !entities.includes(value as never),
    );
    expect(forgotten.map((entity) => `${nameOf(entity)} is not among the entities of app.module.ts`)).toEqual([]);
  });

  it('is part of the application: every controller', () => {
    const isController = (value: unknown) =>
      typeof value === 'function' && Reflect.getMetadata('path', value) !== undefined;
    const forgotten = exportsOf('controller').filter(
      (value) => isController(value) && !controllers.includes(value as never),
    );
    expect(forgotten.map((controller) => `${nameOf(controller)} is in no module of app.module.ts`)).toEqual([]);
  });

  it('is found by these laws: every resource stands in a *.resource.ts file, which exports it', () => {
    const declaration = /^(export )?const (\w+)(?:: Resource = \{| = own\()/gm;
    const hidden = sourcesIn('libs', 'apps').flatMap(({ path, text }) =>
      [...text.matchAll(declaration)]
        .filter(([, isExported]) => !isExported || !path.endsWith('.resource.ts'))
        .map(([, , name]) => `${path}: ${name}`),
    );
    expect(hidden).toEqual([]);
    const ofControllers = declaredResources.filter(({ resource }) => !resources.includes(resource));
    expect(ofControllers.map(({ name }) => name)).toEqual([]);
  });
});

describe('every resource', () => {
  it('is called differently from every other', () => {
    const names = declaredResources.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('has the operations that no resource may lack', () => {
    const missing = declaredResources.flatMap((declared) =>
      indispensable
        .filter((verb) => !can(declared, verb))
        .map((verb) => `${declared.name}:${verb} is not in the table of operations in libs/access`),
    );
    expect(missing).toEqual([]);
  });

  it('that hangs on records which can be removed keeps them in use, or says why not', () => {
    const { foreignKeys, tables, columns } = getMetadataArgsStorage();
    const isRemovedSoftly = (table: unknown) =>
      columns.some(
        ({ target, mode }) => mode === 'deleteDate' && tables.some((t) => t.target === target && t.name === table),
      );
    const letting = declaredResources.flatMap(({ name, resource }) =>
      foreignKeys
        .filter(
          ({ target, type, onDelete }) =>
            target === resource.entity && onDelete !== 'RESTRICT' && isRemovedSoftly(type),
        )
        .map(({ propertyName }) => `${name}.${propertyName}`),
    );
    expect(letting.sort()).toEqual(Object.keys(lettingGo).sort());
  });

  it('that can be created has an example in test/support/examples.ts, and no other has', () => {
    const created = declaredResources.filter((declared) => can(declared, 'create'));
    expect(Object.keys(examples).sort()).toEqual(created.map(({ name }) => name).sort());
  });
});
