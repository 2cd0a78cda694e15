export { AppModule, entities } from './app.module';
export { createApp } from './create-app';
export { openApiDocument } from './openapi';
