import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { TerminusModule } from '@nestjs/terminus';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessModule, RolesGuard } from '#access';
import { ArchivalModule, Archive } from '#archival';
import { AttachmentsModule, FileAttachment } from '#attachments';
import { AuditInterceptor, AuditModule, BreakGlassReview, RefusalFilter } from '#audit';
import { accountEntities, AuthModule, JwtAuthGuard, RoleThrottlerGuard } from '#auth';
import { BenevolenceApplication, BenevolenceModule, BenevolenceReview } from '#benevolence';
import { BreakGlassGuard, BreakGlassModule } from '#break-glass';
import { EmploymentsModule, MemberEmployment } from '#employments';
import { Grievance, GrievancesModule, GrievanceStepRecord } from '#grievances';
import { IntegrityModule, QuarantinedRecord } from '#integrity';
import { Calendar, Clock } from '#kernel';
import { DisownedSeal, LedgerModule } from '#ledger';
import { Member, MembersModule } from '#members';
import { Organization, OrganizationContact, OrganizationsModule } from '#organizations';
import { TieredCacheModule } from '#platform/cache';
import { CONFIG, type Config } from '#platform/config';
import { Database, DatabaseHealth } from '#platform/database';
import { Mailer } from '#platform/mail';
import { ValidationPipe } from '#platform/http';
import { RedisConnection } from '#platform/redis';
import { gcraScript, GcraStorage, storageOf, ThrottlingHealth } from '#platform/throttling';
import { VirusScanHealth, VirusScanner } from '#platform/virus-scan';
import { RecordsModule } from '#records';
import { ReportsModule } from '#reports';
import { LegalHold, RetentionModule, RetentionPolicy } from '#retention';
import { SaltingActivity, SaltingModule } from '#salting';
import { Student, StudentsModule } from '#students';
import { HealthService } from './health.service';
import { MeasurementsService } from './measurements.service';
import { SystemController } from './system.controller';

/** Every entity of the database; a spec compares them with the migrated schema. */
export const entities = [
  Member,
  ...accountEntities,
  Organization,
  OrganizationContact,
  MemberEmployment,
  Student,
  SaltingActivity,
  BenevolenceApplication,
  BenevolenceReview,
  Grievance,
  GrievanceStepRecord,
  FileAttachment,
  QuarantinedRecord,
  BreakGlassReview,
  Archive,
  LegalHold,
  RetentionPolicy,
  DisownedSeal,
];

/** The resources. Adding one is a line here and its entity above. */
const features = [
  AuthModule,
  MembersModule,
  OrganizationsModule,
  EmploymentsModule,
  StudentsModule,
  SaltingModule,
  BenevolenceModule,
  GrievancesModule,
  ReportsModule,
  AttachmentsModule,
  IntegrityModule,
  BreakGlassModule,
  ArchivalModule,
  RetentionModule,
];

/** The application without its platform; specs look here for what is declared. */
export const modules = [AccessModule, AuditModule, LedgerModule, RecordsModule, ...features];

/**
 * A request's journey, in order. Hooks of the server: context, rate limit (RoleThrottlerGuard).
 * Guards: token, limit of the route, break-glass, roles. Then AuditInterceptor, validation pipe,
 * controller, service, statement with its trigger, view. On the way back: AuditInterceptor waits
 * for the entry, the adapter renders, the server's last hook lets nothing pass that was not
 * recorded. Errors end in the filter, which records refusals.
 */
const journey: Provider[] = [
  { provide: APP_GUARD, useClass: JwtAuthGuard },
  { provide: APP_GUARD, useExisting: RoleThrottlerGuard },
  { provide: APP_GUARD, useClass: BreakGlassGuard },
  { provide: APP_GUARD, useClass: RolesGuard },
  { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
  { provide: APP_PIPE, useClass: ValidationPipe },
  { provide: APP_FILTER, useClass: RefusalFilter },
];

/** Terminus logs nothing: faults stand in the reply and in the metrics, and a probe comes every few seconds. */
const health = TerminusModule.forRoot({ logger: false });

/** `@InjectRepository` works in every module. */
const repositories = TypeOrmModule.forFeature(entities);

@Global()
@Module({})
class PlatformModule {
  static with(config: Config, database: Database, clock: Clock): DynamicModule {
    const redis = new RedisConnection(config.REDIS_URL, [gcraScript]);
    const providers: Provider[] = [
      { provide: CONFIG, useValue: config },
      { provide: Database, useValue: database },
      { provide: Clock, useValue: clock },
      { provide: Calendar, useValue: new Calendar(clock, config.LOCAL_TIME_ZONE) },
      { provide: RedisConnection, useValue: redis },
      { provide: GcraStorage, useValue: storageOf(redis, clock) },
      DatabaseHealth,
      ThrottlingHealth,
      VirusScanner,
      VirusScanHealth,
      Mailer,
    ];
    const orm = TypeOrmModule.forRootAsync({
      useFactory: () => ({ type: 'postgres' }),
      dataSourceFactory: () => Promise.resolve(database.sharedDataSource),
    });
    return {
      module: PlatformModule,
      imports: [health, orm, repositories, TieredCacheModule],
      providers,
      exports: [...providers, health, repositories],
    };
  }
}

/** Nothing runs by the clock. */
const noJobs = { cronJobs: false, intervals: false, timeouts: false };

@Module({})
export class AppModule {
  static with(config: Config, database: Database, clock = new Clock()): DynamicModule {
    return this.of(config, database, clock, ScheduleModule.forRoot());
  }

  /** The same for a command, which does what it was asked for and nothing by the clock. */
  static forCommands(config: Config, database: Database): DynamicModule {
    return this.of({ ...config, ARCHIVE_CRON: 'off' }, database, new Clock(), ScheduleModule.forRoot(noJobs));
  }

  private static of(config: Config, database: Database, clock: Clock, schedule: DynamicModule): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.with(config, database, clock),
        schedule,
        // Also here, because modules close in the order of their distance: readiness fails first.
        health,
        ...modules,
      ],
      controllers: [SystemController],
      providers: [...journey, HealthService, MeasurementsService],
    };
  }
}
