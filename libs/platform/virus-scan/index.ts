export { VirusScanHealth } from './virus-scan.health';
export { VirusScanner } from './virus-scanner';
