export { dataSet, type TableOfSet } from './data-set';
export { plantDefects } from './defects';
export { idsOfRecords, runLoad, type LoadReport, type LoadState } from './load';
export { type EvidenceReport } from './load-evidence';
export { crowdsOf } from './load-mix';
export { seedStress } from './seed';
export { Zipf } from './zipf';
