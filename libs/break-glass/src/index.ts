export { BreakGlassGuard } from './break-glass.guard';
export { BreakGlassModule } from './break-glass.module';
