import { Body, Delete, Get, HttpCode, Inject, Injectable, Param, Patch, Post, Query, type Type } from '@nestjs/common';
import { ApiProduces } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow, OPERATIONS, type Operation } from '#access';
import { AuditLogPage, RecordTrailQuery, TrailService } from '#audit';
import type { ErrorCode } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Context, fields, IfMatch, type Rendered } from '#platform/http';
import { RecordExports } from './record-exports';
import { RecordLists } from './record-lists';
import { Records } from './records';
import { listOf, listQuery, type ListQuery, type Resource } from './resource';
import { exportQuery } from './schemas';

/** The verbs for which a resource's service may have rules of its own. One that it lacks is done as Records does it. */
export interface Verbs<Create extends object, Update extends object> {
  create?(context: RequestContext, record: Create): Promise<Rendered>;
  update?(context: RequestContext, id: number, patch: Update, ifMatch?: string[]): Promise<Rendered>;
}

/** For resources without rules of their own. */
@Injectable()
export class NoRules {}

interface Routes<Create extends z.ZodType<object>, Update extends z.ZodType<object>> {
  /** How its operations are called: `organizations` makes `organizations:list` and so on. */
  name: string;
  filters: z.ZodRawShape;
  create: Create;
  update: Update;
  /** What there is to say about changes, in the documentation. */
  changing?: string;
  /** The service that has rules of its own for some verbs. */
  rules?: Type<Verbs<z.infer<Create>, z.infer<Update>>>;
  /** Errors beyond those that writing any record can meet. */
  errors?: ErrorCode[];
  /** Those that only a change can meet. */
  changeErrors?: ErrorCode[];
}

type Id = z.infer<typeof fields.idParam>;

/**
 * The routes that every resource has, declared once: list, create, export, read, change, remove, restore, and the record's trail.
 * A controller extends it and adds what is particular to its resource. A route is there if the table of operations names it.
 */
export function recordController<Create extends z.ZodType<object>, Update extends z.ZodType<object>>(
  resource: Resource,
  {
    name,
    filters,
    create,
    update,
    changing = '',
    rules = NoRules,
    errors = [],
    changeErrors = [],
  }: Routes<Create, Update>,
) {
  const { view, noun } = resource;
  const many = name.replaceAll('-', ' ');
  const aNoun = `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
  const Page = listOf(view, String(view.meta()?.id).replace(/View$/, 'Page'));
  const ListOf = listQuery(Object.keys(resource.sorts), filters);
  const ExportOf = exportQuery(filters);
  const has = (verb: string) => `${name}:${verb}` in OPERATIONS;

  /** Makes a method the route of its operation, where there is such an operation. */
  const route =
    (verb: string, decorators: (operation: Operation) => (MethodDecorator | PropertyDecorator)[]): MethodDecorator =>
    (target, key, descriptor) => {
      if (!has(verb)) return;
      for (const decorate of decorators(`${name}:${verb}` as Operation)) {
        decorate(target, key, descriptor);
      }
    };

  class RecordController {
    /** The laws over all resources derive their cases from this. */
    static readonly declared = { name, resource, filters };

    @Inject(Records) protected readonly records: Records;
    @Inject(RecordLists) protected readonly lists: RecordLists;
    @Inject(RecordExports) protected readonly exports: RecordExports;
    @Inject(TrailService) protected readonly trail: TrailService;
    @Inject(rules) protected readonly rules: Verbs<z.infer<Create>, z.infer<Update>>;

    @route('list', (operation) => [Get(), Allow(operation, { summary: `List or search ${many}`, reply: Page })])
    list(@Context() context: RequestContext, @Query({ schema: ListOf }) query: ListQuery) {
      return this.lists.list(context, resource, query);
    }

    @route('create', (operation) => [
      Post(),
      Allow(operation, {
        summary: `Create ${aNoun}`,
        reply: view,
        status: 201,
        errors: [...writing, 'idempotency.key-reused', ...errors],
      }),
    ])
    create(@Context() context: RequestContext, @Body({ schema: create }) record: z.infer<Create>) {
      return this.rules.create?.(context, record) ?? this.records.create(context, resource, record);
    }

    @route('export', (operation) => [
      Get('export'),
      ApiProduces('text/csv'),
      Allow(operation, { summary: `Export ${many} as CSV`, reply: z.string(), errors: ['export.busy'] }),
    ])
    export(@Context() context: RequestContext, @Query({ schema: ExportOf }) query: object) {
      return this.exports.csv(context, resource, query);
    }

    @route('read', (operation) => [
      Get(':id'),
      Allow(operation, { summary: `Read ${aNoun}`, reply: view, errors: ['record.not-found'] }),
    ])
    get(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
      return this.records.get(context, resource, id);
    }

    @route('update', (operation) => [
      Patch(':id'),
      Allow(operation, {
        summary: `Change ${aNoun}`,
        description: `A JSON merge patch (RFC 7396). ${changing}`.trim(),
        reply: view,
        errors: ['record.not-found', 'record.stale-version', ...writing, ...errors, ...changeErrors],
      }),
    ])
    update(
      @Context() context: RequestContext,
      @Param({ schema: fields.idParam }) { id }: Id,
      @Body({ schema: update }) patch: z.infer<Update>,
      @IfMatch() ifMatch?: string[],
    ) {
      return (
        this.rules.update?.(context, id, patch, ifMatch) ?? this.records.update(context, resource, id, patch, ifMatch)
      );
    }

    @route('delete', (operation) => [
      Delete(':id'),
      HttpCode(204),
      Allow(operation, {
        summary: `Remove ${aNoun}, ${has('restore') ? 'restorably' : 'for good'}`,
        errors: ['record.not-found', 'record.stale-version', 'record.in-use'],
      }),
    ])
    remove(
      @Context() context: RequestContext,
      @Param({ schema: fields.idParam }) { id }: Id,
      @IfMatch() ifMatch?: string[],
    ) {
      return this.records.remove(context, resource, id, ifMatch);
    }

    @route('restore', (operation) => [
      Post(':id/restore'),
      HttpCode(200),
      Allow(operation, {
        summary: `Restore a removed ${noun}`,
        reply: view,
        errors: ['record.not-found', 'record.not-deleted', 'record.duplicate', 'reference.missing'],
      }),
    ])
    restore(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
      return this.records.restore(context, resource, id);
    }

    @route('audit-trail', (operation) => [
      Get(':id/audit-trail'),
      Allow(operation, {
        summary: `Who saw or changed this ${noun}`,
        reply: AuditLogPage,
        errors: ['record.not-found'],
      }),
    ])
    async auditTrail(
      @Context() context: RequestContext,
      @Param({ schema: fields.idParam }) { id }: Id,
      @Query({ schema: RecordTrailQuery }) query: RecordTrailQuery,
    ) {
      const tableName = await this.records.mustBeVisible(context, resource, id);
      return this.trail.ofRecord(context, tableName, id, query);
    }
  }
  return RecordController;
}

/** What writing any record can meet. */
const writing: ErrorCode[] = ['record.duplicate', 'reference.missing', 'access.field-denied'];
