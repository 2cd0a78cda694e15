import { Global, Module } from '@nestjs/common';
import { PasswordProofsService } from './password-proofs.service';
import { PersonsService } from './persons.service';

@Global()
@Module({ providers: [PasswordProofsService, PersonsService], exports: [PasswordProofsService, PersonsService] })
export class AccessModule {}
