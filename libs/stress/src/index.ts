export { dataSet, type TableOfSet } from './data-set';
export { plantDefects } from './defects';
export { seedStress, type SeedReport } from './seed';
