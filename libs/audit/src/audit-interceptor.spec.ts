import { Readable } from 'node:stream';
import { StreamableFile, type ExecutionContext } from '@nestjs/common';
import { defer, lastValueFrom } from 'rxjs';
import { DomainError, OutdatedError, unavailable } from '#kernel';
import type { RequestContext } from '#platform/context';
import type { Database } from '#platform/database';
import { aContext, anActor, codeOf } from '../../../test/support/unconnected';
import { AuditInterceptor } from './audit.interceptor';
import type { AuditWriter } from './audit-writer';
import type { DisclosureGate } from './disclosure-gate';

interface Given {
  /** Each attempt of the handler: its answer, or the error it throws. */
  handler: ((context: RequestContext) => unknown)[];
  /** How each release of the gate ends; released at once where nothing is said. */
  releases?: (Error | undefined)[];
  /** How the account is found where a refusal must be confirmed. */
  confirmations?: (Error | undefined)[];
  decision?: Error;
  body?: unknown;
}

/** A request through the interceptor: what became of it, and how often everything was asked. */
async function through(
  { handler, releases = [], confirmations = [], decision, body }: Given,
  context = aContext(anActor('staff')),
) {
  const done: string[] = [];
  const end = (name: string, failures: (Error | undefined)[]) => async () => {
    done.push(name);
    const failure = failures.shift();
    if (failure) throw failure;
  };
  context.decideAgain = end('decide', [decision]);
  const database = {} as Database;
  const gate = {
    release: end('release', releases),
    releaseError: end('release the error', []),
  } as unknown as DisclosureGate;
  const writer = { confirmAccount: end('confirm', confirmations) } as unknown as AuditWriter;
  const next = {
    handle: () =>
      defer(async () => {
        done.push(context.readsPrimary ? 'handle on the primary' : 'handle');
        return handler.shift()?.(context);
      }),
  };
  const execution = { switchToHttp: () => ({ getRequest: () => ({ ip2aContext: context, body }) }) };
  let reply: unknown;
  const code = await codeOf(async () => {
    const replies = await new AuditInterceptor(database, gate, writer).intercept(
      execution as unknown as ExecutionContext,
      next,
    );
    reply = await lastValueFrom(replies);
  });
  return { code, reply, done, context };
}

const outdated = () => new OutdatedError();
const throwing = (error: Error) => () => {
  throw error;
};
const disclosing = (id: number) => (context: RequestContext) => {
  context.disclose({ tableName: 'members', ids: [id], list: false });
  return `member ${id}`;
};

describe('a reply', () => {
  it('waits for its entry', async () => {
    const { reply, done } = await through({ handler: [() => 'shown'] });
    expect([reply, done]).toEqual(['shown', ['handle', 'release']]);
  });

  it('whose entry cannot be kept is not given, and its stream is closed', async () => {
    const stream = Readable.from(['secret']);
    const failure = unavailable('audit.unavailable', 'away');
    const { code, done } = await through({ handler: [() => new StreamableFile(stream)], releases: [failure] });
    expect([code, done, stream.destroyed]).toEqual(['audit.unavailable', ['handle', 'release'], true]);
  });

  it('that was out of date is made once more on the primary, after the rights were decided again', async () => {
    const handler = [disclosing(1), disclosing(2)];
    const { reply, done, context } = await through({ handler, releases: [outdated()] });
    expect([reply, done]).toEqual(['member 2', ['handle', 'release', 'decide', 'handle on the primary', 'release']]);
    // Nothing of the first attempt is left to be recorded.
    expect(context.disclosures.map(({ ids }) => ids)).toEqual([[2]]);
  });

  it('that is out of date twice is a 503', async () => {
    const { code, done } = await through({ handler: [() => 1, () => 2], releases: [outdated(), outdated()] });
    expect([code, done.length]).toEqual(['service.unavailable', 5]);
  });

  it('is refused where the rights have gone', async () => {
    const decision = new DomainError('access.denied', 'gone');
    const { code, done } = await through({ handler: [() => 1], releases: [outdated()], decision });
    expect([code, done]).toEqual(['access.denied', ['handle', 'release', 'decide']]);
  });
});

describe('a handler', () => {
  it('whose change was refused for the rights of its account runs once more', async () => {
    const { reply, done } = await through({ handler: [throwing(outdated()), () => 'changed'] });
    expect([reply, done]).toEqual(['changed', ['handle', 'decide', 'handle on the primary', 'release']]);
  });

  it('that has committed something never runs again', async () => {
    const committing = (context: RequestContext) => {
      context.hasCommitted = true;
      throw outdated();
    };
    const { code, done } = await through({ handler: [committing] });
    expect([code, done]).toEqual(['service.unavailable', ['handle']]);
  });

  it('whose body is a stream runs once, and is refused where the rights have gone', async () => {
    const body = Readable.from(['a file']);
    const again = await through({ handler: [throwing(outdated())], body });
    expect([again.code, again.done]).toEqual(['service.unavailable', ['handle', 'decide']]);
    const decision = new DomainError('auth.token-invalid', 'gone');
    expect((await through({ handler: [throwing(outdated())], body, decision })).code).toBe('auth.token-invalid');
  });

  it('that refuses has the account confirmed, and one that fails has not', async () => {
    const missing = new DomainError('record.not-found', 'There is none.');
    expect((await through({ handler: [throwing(missing)] })).done).toEqual(['handle', 'confirm']);
    const failure = unavailable('service.unavailable', 'away');
    expect((await through({ handler: [throwing(failure)] })).done).toEqual(['handle']);
  });

  it('that refuses by rights that have changed decides again', async () => {
    const denied = new DomainError('access.field-denied', 'not yours');
    const { reply, done } = await through({
      handler: [throwing(denied), () => 'shown'],
      confirmations: [outdated()],
    });
    expect([reply, done]).toEqual(['shown', ['handle', 'confirm', 'decide', 'handle on the primary', 'release']]);
  });
});

describe('an error after a record was looked at', () => {
  const considering = (error: Error) => (context: RequestContext) => {
    context.consider({ tableName: 'members', ids: [7] });
    throw error;
  };

  it.each([
    ['of the store', unavailable('service.unavailable', 'away')],
    ['of the program', new DomainError('internal.error', 'a fault')],
    ['of the request', new DomainError('workflow.not-allowed', 'not now')],
  ])('%s has the entry of the record', async (_, error) => {
    const { done } = await through({ handler: [considering(error)] });
    expect(done).toEqual(['handle', 'release the error']);
  });

  it('of the ledger asks for no other entry', async () => {
    const { done } = await through({ handler: [considering(unavailable('audit.unavailable', 'away'))] });
    expect(done).toEqual(['handle']);
  });

  it('that has the request run again leaves no entry of the first attempt', async () => {
    const { reply, done } = await through({ handler: [considering(outdated()), () => 'shown'] });
    expect([reply, done]).toEqual(['shown', ['handle', 'decide', 'handle on the primary', 'release']]);
  });
});
