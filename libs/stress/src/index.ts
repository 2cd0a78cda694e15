export { dataSet } from './data-set';
export { plantDefects } from './defects';
export { seedStress, type SeedReport } from './seed';
