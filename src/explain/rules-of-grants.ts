/** Rules for what a client asks in detail, and for what it does with its grants. */
import type { Rule } from './rule.ts'

export const rulesOfGrants: readonly Rule[] = [
  {
    on: /^invalid_request: (?:grant_management_action can be|create makes a new grant|replace needs a grant_id)/,
    parameter: 'grant_management_action',
    rule: 'grant_management_action is create without a grant_id, or replace with one.',
    section: 'Grant Management for OAuth 2.0 section 5.2',
    help: 'A customer agrees to the whole of a connection, so there is no merge: ask for all of it with replace.',
  },
  {
    on: /^invalid_grant_id\b/,
    parameter: 'grant_id',
    rule: "A grant that is replaced is this client's, live or ended at most 30 days ago.",
    section: 'Grant Management for OAuth 2.0 section 5.3',
    help: 'Take grant_id from the newest token answer for this customer; else ask without it.',
  },
  {
    on: /^grant_not_found\b/,
    parameter: 'grant_id',
    rule: 'A grant can be read and given back while it lives, by the client that it was given to.',
    section: 'Grant Management for OAuth 2.0 section 6.6',
    help: 'Refresh to read why it ended. One that is given back is gone at once.',
  },
  {
    on: /^invalid_authorization_details: not granted/,
    parameter: 'authorization_details',
    rule: 'Details in a token request ask for a part of what the customer granted.',
    section: 'RFC 9396 section 6',
    help: 'Look at authorization_details or scope of the answer that brought the refresh token.',
  },
  {
    on: /^invalid_authorization_details\b/,
    parameter: 'authorization_details',
    rule: 'authorization_details is a JSON list of account_information, each with actions, and locations or not.',
    section: 'RFC 9396 section 5',
    help: 'Compare with docs/grants.md; actions are the services that this client is registered for.',
  },
]
