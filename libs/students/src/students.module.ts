import { Module } from '@nestjs/common';
import { StudentsController } from './students.controller';

@Module({ controllers: [StudentsController], providers: [] })
export class StudentsModule {}
