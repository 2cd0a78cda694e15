import { createRequire } from 'node:module';
import { join } from 'node:path';
import { getMetadataArgsStorage } from 'typeorm';
import type { z } from 'zod';
import { OPERATIONS } from '#access';
import { modules } from '#app';
import type { Resource } from '#records';
import { root, sourcesIn } from './sources';

/** A resource as its controller declares it with recordController. Its paths and operations begin with its name. */
export interface Declared {
  name: string;
  resource: Resource;
  /** The query parameters by which its lists are narrowed. */
  filters: z.ZodRawShape;
}

type Class = abstract new (...parameters: never[]) => object;

const load = createRequire(__filename);

/** Every controller of the application's modules, and of the modules that they import. */
export const controllers: Class[] = [...new Set(modules.flatMap(controllersOf))];

/** Every resource that has the routes of recordController. */
export const declaredResources: Declared[] = controllers.flatMap((controller) =>
  'declared' in controller ? [controller.declared as Declared] : [],
);

/** Every resource of the sources, also those that have routes of their own or the member's own routes. */
export const resources: Resource[] = exportsOf('resource').filter(isResource);

/** What the libraries' files of one kind export, such as `entity` for `*.entity.ts`. */
export function exportsOf(kind: string): unknown[] {
  return sourcesIn('libs')
    .filter(({ path }) => path.endsWith(`.${kind}.ts`))
    .flatMap(({ path }) => Object.values(load(join(root, path)) as Record<string, unknown>));
}

/** Whether the table of permissions has the operation `name:verb`. */
export function can({ name }: Pick<Declared, 'name'>, verb: string): boolean {
  return `${name}:${verb}` in OPERATIONS;
}

export function tableOf({ entity }: Resource): string {
  const table = getMetadataArgsStorage().tables.find(({ target }) => target === entity);
  if (!table?.name) throw new Error(`${entity.name} names no table.`);
  return table.name;
}

/** Whether what is removed stays in its table and can be restored. */
export function isSoft({ entity }: Resource): boolean {
  return getMetadataArgsStorage().columns.some(({ target, mode }) => target === entity && mode === 'deleteDate');
}

export function hasColumn({ entity }: Resource, property: string): boolean {
  return getMetadataArgsStorage().columns.some(
    ({ target, propertyName }) => target === entity && propertyName === property,
  );
}

function controllersOf(module: object): Class[] {
  const imported = (Reflect.getMetadata('imports', module) ?? []) as object[];
  const own = (Reflect.getMetadata('controllers', module) ?? []) as Class[];
  return [...imported.flatMap(controllersOf), ...own];
}

function isResource(value: unknown): value is Resource {
  return typeof value === 'object' && value !== null && 'entity' in value && 'writePermission' in value;
}
