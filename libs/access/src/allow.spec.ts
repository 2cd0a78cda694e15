import { Reflector } from '@nestjs/core';
import { ERRORS, type ErrorCode } from '#kernel';
import { z } from 'zod';
import { Allow, OPERATION } from './allow.decorator';
import type { Operation } from './permissions';

type Documented = Record<string, { headers?: object; content?: Record<string, { examples: object }> }>;

/** A handler with @Allow, as the guard and the document read it. */
function declared(operation: Operation, options: Partial<Parameters<typeof Allow>[1]> = {}) {
  class Routes {
    handle() {
      return undefined;
    }
  }
  const { handle } = Routes.prototype;
  const descriptor = Object.getOwnPropertyDescriptor(Routes.prototype, 'handle') as TypedPropertyDescriptor<unknown>;
  Allow(operation, { summary: 'Try it', ...options })(Routes.prototype, 'handle', descriptor);
  const about = (name: string): unknown => Reflect.getMetadata(`swagger/${name}`, handle);
  const responses = about('apiResponse') as Documented;
  const codes = Object.values(responses).flatMap(({ content }) =>
    Object.keys(content?.['application/problem+json']?.examples ?? {}),
  );
  const parameters = (about('apiParameters') ?? about('apiHeaders') ?? []) as { name: string; in: string }[];
  return { handle, about, responses, codes, headers: parameters.map(({ name }) => name) };
}

describe('@Allow', () => {
  it('names the operation to the guard, and as the id in the document with its permission', () => {
    const { handle, about } = declared('members:update');
    expect(new Reflector().get(OPERATION, handle)).toBe('members:update');
    expect(about('apiOperation')).toMatchObject({ operationId: 'members:update', summary: 'Try it' });
    expect(about('apiExtension')).toEqual({ 'x-permission': 'members:write' });
  });

  it.each<[Operation, boolean]>([
    ['members:read', true],
    ['auth:me', true],
    ['auth:login', false],
    ['system:live', false],
  ])('asks for an account at %s: %s', (operation, takesAccount) => {
    const { about, codes, headers } = declared(operation);
    expect(about('apiSecurity') !== undefined).toBe(takesAccount);
    const ofAccounts: ErrorCode[] = ['auth.required', 'auth.token-invalid', 'access.denied', 'access.reason-required'];
    expect(ofAccounts.map((code) => codes.includes(code))).toEqual(ofAccounts.map(() => takesAccount));
    expect(headers.includes('X-Access-Reason')).toBe(takesAccount);
  });

  it.each<[Operation, boolean]>([
    ['members:read', true],
    ['auth:login', true],
    ['system:live', false],
  ])('tells the limit of %s: %s', (operation, isLimited) => {
    const { codes, responses } = declared(operation);
    expect(codes.includes('rate.limited')).toBe(isLimited);
    expect(Object.keys(responses['204']?.headers ?? {})).toEqual(
      isLimited ? ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'] : [],
    );
    if (isLimited) expect(Object.keys(responses['429']?.headers ?? {})).toContain('Retry-After');
  });

  it('tells a limit of system:metrics only where it refuses, because the operator has none', () => {
    const { codes, responses } = declared('system:metrics');
    expect(codes).toContain('rate.limited');
    expect(responses['204']?.headers).toBeUndefined();
  });

  it.each<[Operation, ErrorCode[], string[]]>([
    ['members:read', [], ['X-Access-Reason', 'X-Break-Glass']],
    ['members:list', [], ['X-Access-Reason']],
    ['members:update', ['record.stale-version'], ['X-Access-Reason', 'If-Match']],
    ['members:create', ['idempotency.key-reused'], ['X-Access-Reason', 'Idempotency-Key']],
  ])('tells the headers that %s with the errors %j reads', (operation, errors, headers) => {
    expect(declared(operation, { errors }).headers.sort()).toEqual(headers.sort());
  });

  it('documents each error under its status, once', () => {
    const { responses, codes } = declared('members:update', { errors: ['record.not-found', 'record.stale-version'] });
    for (const [status, { content }] of Object.entries(responses)) {
      const listed = Object.keys(content?.['application/problem+json']?.examples ?? {}) as ErrorCode[];
      expect(listed.map((code) => String(ERRORS[code].status))).toEqual(listed.map(() => status));
    }
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes).toEqual(expect.arrayContaining(['record.not-found', 'record.stale-version', 'audit.unavailable']));
  });

  it.each([
    [{}, '204', false],
    [{ reply: z.string() }, '200', false],
    [{ reply: z.string(), status: 201 }, '201', true],
    [{ status: 202 }, '202', false],
  ])('with %j succeeds with %s, and a Location: %s', (options, status, hasLocation) => {
    const { responses } = declared('members:create', options);
    expect(Object.keys(responses).filter((code) => code < '300')).toEqual([status]);
    expect(Object.keys(responses[status]?.headers ?? {}).includes('Location')).toBe(hasLocation);
  });
});
