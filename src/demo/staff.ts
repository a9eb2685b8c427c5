/** The invented staff of the demo's desk: one for each role, so that everybody sees what each may do. */
import type { Member } from '../operator/desk/roles.ts'

export const demoStaff: readonly Member[] = [
  { name: '見本 花子', roles: ['reader'] },
  { name: '窓口 一郎', roles: ['reader', 'desk'] },
  { name: '管理 葵', roles: ['registrar'] },
  { name: '監査 誠', roles: ['auditor'] },
]
