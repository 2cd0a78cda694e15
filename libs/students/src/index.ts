export { Student } from './student.entity';
export { students } from './student.resource';
export { StudentsModule } from './students.module';
