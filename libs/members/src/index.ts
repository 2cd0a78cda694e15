export { seedDemoMembers } from './demo-members';
export { Member } from './member.entity';
export { MembersModule } from './members.module';
export { memberRecords } from './member-records';
export { members } from './member.resource';
export { ownId } from './own-member';
