export { seedDemoMembers } from './demo-members';
export { Member } from './member.entity';
export { members } from './member.resource';
export { MembersModule } from './members.module';
export { MembersService } from './members.service';
