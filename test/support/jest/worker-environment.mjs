import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

/** What the test framework keeps on the global object for one spec file. */
const frameworkKeys = ['EVENT_HANDLERS', 'TEST_TIMEOUT_SYMBOL'].map((name) => Symbol.for(name));

/** Runs specs in the worker's own global object, so that modules can be shared between spec files. */
export default class WorkerEnvironment {
  constructor({ projectConfig }) {
    this.global = globalThis;
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    this.realExit = process.exit;
    for (const key of frameworkKeys) delete globalThis[key];
    globalThis.jest = this.jestObject();
  }

  /** The part of Jest's object that specs use; another name is undefined and fails. */
  jestObject() {
    const { moduleMocker, fakeTimersModern } = this;
    return {
      spyOn: moduleMocker.spyOn.bind(moduleMocker),
      restoreAllMocks: () => moduleMocker.restoreAllMocks(),
      useFakeTimers: (options) => fakeTimersModern.useFakeTimers(options),
      useRealTimers: () => fakeTimersModern.useRealTimers(),
      advanceTimersByTime: (milliseconds) => fakeTimersModern.advanceTimersByTime(milliseconds),
      setTimeout: (milliseconds) => {
        globalThis[Symbol.for('TEST_TIMEOUT_SYMBOL')] = milliseconds;
      },
    };
  }

  getVmContext() {
    return null;
  }

  exportConditions() {
    return ['node', 'require'];
  }

  async setup() {}

  async teardown() {
    this.fakeTimersModern.dispose();
    this.moduleMocker.restoreAllMocks();
    process.exit = this.realExit;
  }
}
