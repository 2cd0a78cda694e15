export { networkOf } from './address';
export { gcraScript } from './gcra-script';
export { GcraStorage, type ThrottlerRecord } from './gcra-storage';
export { tooMany } from './refusal';
export { storageOf } from './storage-of';
export { ThrottlingHealth } from './throttling.health';
