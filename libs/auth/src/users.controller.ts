import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context, fields, IfMatch } from '#platform/http';
import { CreateUser, RolePage, RoleQuery, SetRoles, UpdateUser, UserPage, UserQuery, UserView } from './user.dto';
import { UsersService } from './users.service';

type Id = z.infer<typeof fields.idParam>;

@ApiTags('users')
@Controller()
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get('users')
  @Allow('users:list', { summary: 'List or search users', reply: UserPage })
  list(@Context() context: RequestContext, @Query({ schema: UserQuery }) query: UserQuery) {
    return this.users.list(context, query);
  }

  @Post('users')
  @Allow('users:create', {
    summary: 'Create a user',
    reply: UserView,
    status: 201,
    errors: ['record.duplicate', 'reference.missing', 'idempotency.key-reused'],
  })
  create(@Context() context: RequestContext, @Body({ schema: CreateUser }) user: CreateUser) {
    return this.users.create(context, user);
  }

  @Get('users/:id')
  @Allow('users:read', { summary: 'Read a user', reply: UserView, errors: ['record.not-found'] })
  get(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
    return this.users.get(context, id);
  }

  @Patch('users/:id')
  @Allow('users:update', {
    summary: 'Change a user',
    description:
      'A JSON merge patch (RFC 7396). A new password and a deactivation end the sessions of the account. ' +
      'The own e-mail address takes a recent proof of the password.',
    reply: UserView,
    errors: [
      ...(['record.not-found', 'record.duplicate', 'record.stale-version', 'reference.missing'] as const),
      ...(['users.last-admin', 'auth.password-needed'] as const),
    ],
  })
  update(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Body({ schema: UpdateUser }) patch: UpdateUser,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.users.update(context, id, patch, ifMatch);
  }

  @Delete('users/:id')
  @HttpCode(204)
  @Allow('users:delete', {
    summary: 'Remove a user, restorably',
    errors: ['record.not-found', 'record.stale-version', 'users.last-admin'],
  })
  remove(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.users.remove(context, id, ifMatch);
  }

  @Post('users/:id/restore')
  @HttpCode(200)
  @Allow('users:restore', {
    summary: 'Restore a removed user',
    reply: UserView,
    errors: ['record.not-found', 'record.not-deleted'],
  })
  restore(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
    return this.users.restore(context, id);
  }

  @Put('users/:id/roles')
  @Allow('users:set-roles', {
    summary: 'Set the roles of a user',
    reply: UserView,
    errors: ['record.not-found', 'record.stale-version', 'users.last-admin'],
  })
  setRoles(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Body({ schema: SetRoles }) granted: SetRoles,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.users.setRoles(context, id, granted, ifMatch);
  }

  @Post('users/:id/lock')
  @HttpCode(200)
  @Allow('users:lock', {
    summary: 'Lock an account until it is unlocked',
    reply: UserView,
    errors: ['record.not-found', 'users.last-admin'],
  })
  lock(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
    return this.users.lock(context, id);
  }

  @Post('users/:id/unlock')
  @HttpCode(200)
  @Allow('users:unlock', { summary: 'Unlock an account', reply: UserView, errors: ['record.not-found'] })
  unlock(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
    return this.users.unlock(context, id);
  }

  @Post('users/:id/mfa-reset')
  @HttpCode(200)
  @Allow('users:mfa-reset', {
    summary: 'Take a lost second factor away',
    description: 'Of somebody else: nobody resets their own. The sessions of the account end.',
    reply: UserView,
    errors: ['record.not-found'],
  })
  resetSecondFactor(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
    return this.users.resetSecondFactor(context, id);
  }

  @Get('roles')
  @Allow('roles:list', { summary: 'List the roles', reply: RolePage })
  listRoles(@Context() context: RequestContext, @Query({ schema: RoleQuery }) query: RoleQuery) {
    return this.users.listRoles(context, query);
  }
}
