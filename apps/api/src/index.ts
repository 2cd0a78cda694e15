export { HealthService } from './health.service';
export { AppModule, entities, modules } from './app.module';
export { createApp } from './create-app';
export { openApiDocument } from './openapi';
