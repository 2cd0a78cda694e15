import { userInfo } from 'node:os';
import type { Choice, Issue, Question } from '#integrity';
import { lineOf } from './issue-line';
import type { Progress } from './progress';
import type { Run } from './with-app';

type Answer = Choice | 'leave' | 'leave all';

const outcomes = {
  repaired: 'done      ',
  left: 'not mended',
  gone: 'gone      ',
};

/**
 * Asks about each issue that a person may decide, and does what they say at once: an interrupted run loses nothing, and the next one asks
 * about what is left. A question is on record before it is shown. Returns the issues that were mended.
 */
export async function askAboutIssues({ app, context, print, release }: Run, progress: Progress): Promise<Issue[]> {
  const { discloseIssues, IntegrityService } = await import('#integrity');
  const { RequestContext } = await import('#platform/context');
  const integrity = app.get(IntegrityService);
  const mended: Issue[] = [];
  const settled = new Set<string>();
  const { source, requestId, route, actor } = context;
  const reason = `decided at a terminal by ${userInfo().username}`;
  const deciding = new RequestContext({ source, requestId, route, actor, reason });
  for await (const question of integrity.questions(context, progress.show)) {
    const { issue } = question;
    if (settled.has(issue.kind) || question.choices.length === 0) continue;
    discloseIssues(context, [issue]);
    await release();
    progress.end();
    const answer = await ask(question);
    if (answer === undefined) {
      await print('Interrupted. What was answered is done; the rest is asked again next time.\n');
      break;
    }
    if (answer === 'leave all') settled.add(issue.kind);
    if (typeof answer === 'string') continue;
    const outcome = await integrity.decide(deciding, issue, answer);
    if (outcome === 'repaired') mended.push(issue);
    await print(`${outcomes[outcome]}  ${lineOf(issue)}  ${answer.label}\n`);
  }
  progress.end();
  return mended;
}

/** Undefined where the person interrupts. */
async function ask({ issue, choices }: Question): Promise<Answer | undefined> {
  const { select } = await import('@inquirer/prompts');
  try {
    return await select<Answer>(
      {
        message: lineOf(issue),
        choices: [
          { name: 'leave it', value: 'leave' },
          ...choices.map((choice) => ({ name: choice.label, value: choice })),
          { name: `leave all of ${issue.kind}`, value: 'leave all' },
        ],
      },
      { output: process.stderr },
    );
  } catch (error) {
    if ((error as Error).name === 'ExitPromptError') return undefined;
    throw error;
  }
}
