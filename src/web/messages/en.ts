/** Every word of the pages in English. A key that is missing here does not compile. */
import { connectionsEn } from './connections-en.ts'
import { helpEn } from './help-en.ts'
import type { Messages } from './ja.ts'

/** Which account it is about, where the row does not say so itself. */
const of = ({ account }: { readonly account?: string }): string => (account ? ` (${account})` : '')

export const en: Messages = {
  frame: {
    skip: 'Skip to the main text',
    step: (phase, name) => `Step ${phase} of 4: ${name}`,
    phases: ['Sign in', 'Services', 'Inquiry PINs', 'Allow'],
    skipped: (name) => `“${name}” was not needed and has been skipped.`,
    titleStep: (phase) => ` (step ${phase} of 4)`,
    errorPrefix: 'Error: ',
    errorSummary: 'There is a problem',
    asks: 'Who is asking',
    asksLine: '{service} ({company}) asks to connect to your accounts.',
    domain: 'Returns to',
    aboutProvider: 'About this provider',
    registration: 'Registration as electronic payment service provider',
    contact: 'Contact',
    liability: 'Liability for damage',
    signedInAs: 'Signed in as',
    named: (person) => person,
    cancel: 'Cancel and return to the service',
    help: 'If you need help',
    phone: 'Phone',
    number: 'Reference number',
    numberHint: 'tell us this when you call',
    idle: 'For your safety, this ends after 15 minutes without activity.',
    endsAt: (time) => `Please finish by ${time} (Japan time).`,
    certificateEndsAt: (time) =>
      `Please enter your password by ${time} (Japan time). After that we ask for your certificate again, for your safety.`,
    neverAsked: 'We never ask for a one-time password or the PIN of your cash card here.',
    language: 'Language',
    required: 'required',
    back: 'Return to the service',
    retry: 'Try again',
    screen: 'Screen',
  },
  signIn: {
    title: 'Connect by API: sign in',
    certificateMethod: 'Customers with a certificate',
    certificateText: 'Use the PC that holds your certificate and press the button below.',
    certificateButton: 'Sign in with certificate',
    passwordMethod: 'Customers with ID and password',
    loginId: 'Login ID',
    password: 'Login password',
    submit: 'Connect',
    notShown: 'The ID and password you enter are never shown to the service.',
    checkAddress: (host) => `Check that the address of this page is ${host}.`,
  },
  certificates: {
    onPhone:
      'Certificates are installed on a PC and cannot be used on a phone or tablet. Please open the service on your PC and start there.',
    chooserMissing: 'If you are not asked for a certificate',
    chooserHint: {
      off: [],
      'fixed-host': [
        'Your browser remembers the certificate you chose before, so it may not ask again.',
        'Close every browser window, open the browser again and start from the service. Do the same after renewing a certificate.',
      ],
      'fresh-host': [
        'Your browser asks anew every time you press the button.',
        'If it does not ask, this PC may hold no valid certificate. If closing every browser window and starting again does not help, please call us.',
      ],
    },
    retry: 'Choose a certificate again',
    signIn: 'Back to sign-in',
    received: 'The certificate we received',
    holder: 'Holder',
    company: 'Company',
    issuer: 'Issued by',
    valid: 'Valid',
    validFrom: (day) => `${day} to`,
    validUntil: (day) => day,
    endsSoon: (date) =>
      `This certificate ends on ${date}. You cannot sign in with it after that, so please renew it soon.`,
  },
  certificatePassword: {
    title: 'Connect by API: sign in',
    user: 'Holder of the certificate',
    password: 'Login password',
    submit: 'Connect',
    other: 'Use another certificate',
  },
  answerChallenge: {
    title: { first: 'Connect by API: extra check', renewal: 'Renew connection: extra check' },
    why: 'You seem to be using a new device or place, so we ask the question you registered.',
    question: 'Question',
    answer: 'Enter your answer',
    submit: 'Verify',
    forgotten: 'If you have forgotten the answer, please call the number below.',
  },
  chooseServices: {
    title: { first: 'Connect by API: services', renewal: 'Renew connection: services' },
    legend: 'Choose services',
    hint: 'Choose what the service may use.',
    submit: 'Next',
  },
  registerPins: {
    title: {
      first: 'Connect by API: register inquiry PINs',
      renewal: 'Renew connection: register inquiry PINs',
    },
    lead: 'Choose accounts that are “Not registered”, enter the inquiry PIN that you filed with the credit union, and press “Register”.',
    partial: 'You need not register every account. Only registered accounts can be connected.',
    caption: (count) => `Inquiry accounts (${count})`,
    all: 'All',
    status: 'Status',
    account: 'Inquiry account',
    memo: 'Account memo',
    pin: 'Inquiry PIN (current)',
    chooseAll: 'Choose all accounts',
    choose: 'Choose',
    submit: 'Register',
    skip: 'Next without registering',
    skipHint: 'Go on with the accounts that are registered already.',
    heldNote: 'PINs of accounts marked “Registered*” take effect when you allow access.',
    folded: 'The accounts are grouped by branch. Press a branch to see its accounts.',
    branchCount: (count, registered) => `${count} accounts (${registered} registered)`,
    chooseAllOfBranch: 'Choose all accounts of this branch',
  },
  barred: {
    title: 'Accounts that you cannot choose',
    why: 'You have no right to inquire these accounts, so they cannot be connected. The administrator in your company can give you the right.',
  },
  barredServices: {
    title: 'Services that you cannot allow',
    why: 'You have no right to allow these services, so they cannot be connected. The administrator in your company can give you the right.',
  },
  statuses: {
    unregistered: 'Not registered',
    stale: 'Register again',
    registered: 'Registered',
    held: 'Registered*',
  },
  heldMeaning: 'active once you allow',
  reviewPins: {
    title: 'Connect by API: PIN results',
    lead: 'The inquiry PINs below were registered. Check them and press “Confirm”. To register more inquiry PINs press “Register more PINs”.',
    count: (count) => `${count} inquiry ${count === 1 ? 'PIN was' : 'PINs were'} registered`,
    failed: (count) => `${count} could not be registered`,
    status: 'Result',
    hidden: 'registered (not shown)',
    footnote: '* The PINs of accounts marked with “*” take effect when you allow access.',
    submit: 'Confirm',
    more: 'Register more PINs',
  },
  giveConsent: {
    title: { first: 'Connect by API: allow access', renewal: 'Renew connection: allow access' },
    scope: 'What is shared',
    accounts: 'Accounts',
    accountsHint: 'Choose the accounts to connect.',
    period: 'Access period',
    from: 'From',
    until: 'Until',
    untilDay: (date) => date,
    intent: 'Your decision',
    refuse: 'Do not allow',
    showReceipt: 'Show the receipt before returning to the service (you can print it)',
    change: 'Change',
    termsOf: (name) => `Terms of use of ${name}`,
    privacyOf: (name) => `Privacy policy of ${name}`,
    accountsHintRenewal: 'The accounts of last time are ticked. Check which ones to connect.',
    pinChanged: 'An inquiry PIN has changed?',
    standings: { new: 'not shared before', stopped: 'stopped before' },
  },
  endings: {
    allowed: {
      title: 'Allowed. Returning to the service',
      lines: ['You have finished here and are signed out.'],
    },
    renewed: {
      title: 'Renewed. Returning to the service',
      lines: ['You are finished here and have been signed out.'],
    },
    refused: {
      title: 'Not allowed. Returning to the service',
      lines: ['Nothing was allowed. You have finished here.'],
    },
    cancelled: {
      title: 'Cancelled. Returning to the service',
      lines: ['Nothing was allowed. You have finished here.'],
    },
    'timed-out': {
      title: 'Time ran out',
      lines: [
        'For your safety, we ended this. Nothing was allowed.',
        'To try again, go back to the service and start there.',
      ],
    },
    unavailable: {
      title: 'Ended. Returning to the service',
      lines: [
        'The bank’s system is not available at the moment. Nothing was allowed.',
        'Please start from the service again later.',
      ],
    },
  },
  returnPage: {
    consentNumber: 'Consent number',
    to: (service) => `Return to ${service}`,
    notMoving: 'If nothing happens, press the button.',
    receipt: 'What you have allowed (receipt)',
    showReceipt: 'Show and print the receipt',
    staying: {
      title: 'You have allowed access',
      lines: [
        'You have finished here and are signed out.',
        'When you have looked at the receipt, return to the service by the button below. The connection starts only when you return.',
      ],
    },
    returned: {
      title: 'What you have allowed',
      lines: ['You have finished here and have returned to the service.'],
    },
    from: (day) => `${day} to`,
    until: (day) => day,
    accountCount: (count) => `${count} ${count === 1 ? 'account' : 'accounts'}`,
    renew:
      'To stay connected, go through these steps again from the service before the period ends. You can also end it at any time before: yourself on our page “Your connected services”, or by contacting the credit union.',
  },
  receipt: {
    at: 'Date and time (Japan)',
    customer: 'Customer',
    service: 'Service',
    print: 'Print',
    csv: 'Save as CSV',
    file: 'inquiry-PIN-results',
    outcome: 'Outcome',
    done: 'registered',
  },
  timeOut: {
    title: 'Your time is almost up',
    idle: 'Without activity you will have to start again, for your safety. “Continue” gives you more time, and what you have entered stays.',
    last: 'The time limit of 60 minutes is near. For your safety, it cannot be extended. After that this ends, and nothing is allowed.',
    lastOfCertificate:
      'The 5 minutes in which you can sign in with the certificate you chose are nearly over. For your safety, they cannot be extended. After that you choose your certificate again.',
    failed:
      'We could not reach the bank. Check your connection and press “Continue” again. What you have entered stays.',
    left: 'Time left:',
    minutes: 'min',
    stay: 'Continue',
  },
  reveal: {
    password: { show: 'Show password', hide: 'Hide password' },
    answer: { show: 'Show answer', hide: 'Hide answer' },
  },
  notices: {
    idle: 'For your safety, we start again, because there was no activity for 15 minutes. Nothing was allowed.',
  },
  closed: {
    resumes: (day, time) => `We open again: ${day}, ${time} (Japan time)`,
    reason: (text) => `Reason: ${text}`,
    soon: 'Please try again in a little while.',
    later: 'Please call us to learn when we open again.',
    here: 'When we are open again, press “Try again” on this page.',
    atService: 'This page can wait for 60 minutes only. When we are open again, start anew from the service.',
  },
  problems: {
    'bank-unavailable': {
      title: 'Not available at the moment',
      lines: ['We could not reach the bank’s system. You did nothing wrong, and no try was counted.'],
    },
    'outside-hours': {
      title: 'We are closed at the moment',
      lines: ['This can be done during our service hours. You did nothing wrong, and nothing was allowed.'],
    },
    maintenance: {
      title: 'We are closed for maintenance',
      lines: ['This cannot be used during maintenance. You did nothing wrong, and nothing was allowed.'],
    },
    'locked-for-a-while': {
      title: 'Your access is paused for a while',
      lines: [
        'There were too many wrong entries, so we have paused your access for your safety.',
        'Please try again later, or call us.',
      ],
    },
    'locked-for-good': {
      title: 'Your access is stopped',
      lines: [
        'There were too many wrong entries, so we have stopped your access for your safety.',
        'Please call us. We can open it again.',
      ],
    },
    'locked-by-bank': {
      title: 'Your access is stopped',
      lines: [
        'Internet banking for this contract is stopped at the moment.',
        'Please call us. We will tell you how to open it again.',
      ],
    },
    'password-expired': {
      title: 'Your login password has expired',
      lines: [
        'Sign in to Internet banking and change your password.',
        'Then come back here and press “Try again”.',
      ],
    },
    'first-login': {
      title: 'You have not signed in before',
      lines: [
        'First sign in to Internet banking and choose a password of your own. The administrator in your company can tell you how.',
        'Then come back here and press “Try again”.',
      ],
    },
    'contract-closed': {
      title: 'Your contract has ended',
      lines: [
        'This contract for Internet banking has ended, so no service can be connected.',
        'If you did not expect this, please call us.',
      ],
    },
    'certificate-required': {
      title: 'Please sign in with your certificate',
      lines: [
        'This contract uses certificates. Use “Sign in with certificate” on the PC that holds your certificate.',
      ],
    },
    'password-required': {
      title: 'Please sign in with your login ID',
      lines: ['This contract uses ID and password. Sign in with your login ID and login password.'],
    },
    'may-not-connect': {
      title: 'You do not have permission to connect services',
      lines: [
        'This user may not connect outside services.',
        'Ask the administrator in your company to give you permission to connect by API.',
      ],
    },
    'no-accounts': {
      title: 'There is no account to connect',
      lines: [
        'This user has no account for inquiries.',
        'Please ask the administrator in your company, or call us.',
      ],
    },
    'risk-refused': {
      title: 'We cannot go on',
      lines: [
        'For your safety, we stopped this because of the device or place you are using.',
        'Please call us.',
      ],
    },
    'request-already-used': {
      title: 'This request was finished in another window',
      lines: [
        'The same request was used in another window or tab.',
        'Return to the service to see the result.',
      ],
    },
    'client-suspended': {
      title: 'This service cannot be connected at the moment',
      lines: ['Connections with this provider are stopped. Nothing was allowed.'],
    },
    'certificates-off': {
      title: 'Sign-in with certificate is not available here',
      lines: [
        'This installation has not been set up for certificates.',
        'Customers with ID and password can go back and sign in.',
      ],
    },
    'certificate-missing': {
      title: 'We did not receive a certificate',
      lines: [
        'Either none was chosen, or this PC holds no valid certificate of ours. Browsers do not offer a certificate that has expired.',
        'Use the PC that holds your certificate, choose the one issued by us and press “OK”. If it has expired, renew it first.',
      ],
    },
    'certificate-expired': {
      title: 'This certificate has expired',
      lines: [
        'You cannot sign in with an expired certificate.',
        'If you have renewed it, choose the new one. The old one often stays on the PC.',
        'If not, renew it in the online banking, or call our desk.',
      ],
    },
    'certificate-not-yet-valid': {
      title: 'This certificate is not valid yet',
      lines: [
        'You can use it once the period below has begun.',
        'If you have one that is valid now, choose that one. Check the date and time of your PC, too.',
      ],
    },
    'certificate-revoked': {
      title: 'This certificate has been revoked',
      lines: [
        'It was stopped, for example because a loss was reported or a new one was issued.',
        'If you have a new one, choose it. If you did not expect this, please call our desk.',
      ],
    },
    'certificate-other-issuer': {
      title: 'This is not a certificate of ours',
      lines: [
        'The certificate you chose was issued by another bank or organisation.',
        'Choose the one that was issued by us. If you are not sure, please call our desk.',
      ],
    },
    'certificate-unsuitable': {
      title: 'You cannot sign in with this certificate',
      lines: [
        'It was not issued for signing in, or it does not meet today’s safety standards.',
        'Choose your certificate for signing in. If you have no other one, please call our desk.',
      ],
    },
    'certificate-unverifiable': {
      title: 'We cannot check your certificate right now',
      lines: [
        'We could not find out whether it has been revoked. You did nothing wrong.',
        'Please wait a little and try again.',
      ],
    },
    'certificate-too-old': {
      title: 'Some time has passed since you chose your certificate',
      lines: [
        'For your safety, the password must be entered within 5 minutes. Nothing has been allowed.',
        'Press the button below and choose your certificate again.',
      ],
    },
    'certificate-not-tied': {
      title: 'This certificate belongs to no contract',
      lines: [
        'It is a certificate of ours, but we found no contract that signs in with it.',
        'If you have another one, choose that. If not, please call our desk.',
      ],
    },
    'certificate-of-another': {
      title: 'This is another customer’s certificate',
      lines: [
        'The service asked to connect a different customer (company or user).',
        'Choose that customer’s own certificate. If the request was a mistake, cancel and start again from the service.',
      ],
    },
    'customer-of-another': {
      title: 'These are the details of a different customer',
      lines: [
        'The service asked to connect a different customer (company or user).',
        'Sign in as that customer. If the request was a mistake, cancel and start again from the service.',
      ],
    },
    'renewal-over': {
      title: 'This connection cannot be renewed',
      lines: [
        'The connection that the service asked for ended too long ago, or another one has taken its place, so it cannot be renewed.',
        'To go on, ask for a new connection at the service.',
      ],
    },
    'forwarding-refused': {
      title: 'We did not accept this connection',
      lines: [
        'We refused it for your safety.',
        'Please start again from the service. If this happens again, call us.',
      ],
    },
    'ticket-refused': {
      title: 'Please check your certificate again',
      lines: [
        'We did not receive the result of the certificate check. It may be too old or was used in another window.',
        'Press the button below and choose your certificate again.',
      ],
    },
    'already-finished': {
      title: 'This is already finished',
      lines: ['This request has ended.', 'Please go on at the service.'],
    },
    'journey-unknown': {
      title: 'We cannot find this request',
      lines: [
        'It may have ended, or your browser does not accept cookies.',
        'Allow cookies and start from the service again.',
      ],
    },
    'stale-form': {
      title: 'This page was out of date',
      lines: [
        'For your safety, we did not accept what was sent.',
        'Open the page again and enter it once more.',
      ],
    },
    'foreign-origin': {
      title: 'We did not accept this',
      lines: [
        'It may have been sent from another site, so we did not accept it for your safety.',
        'Open the page again and enter it once more.',
      ],
    },
    'bad-request': {
      title: 'We could not read what was sent',
      lines: ['Go back to the previous page and try again.'],
    },
    'authorization-refused': {
      title: 'We could not accept the request',
      lines: [
        'The request of the service is not correct, so we cannot start.',
        'You did nothing wrong. Please contact the service.',
      ],
    },
    'not-found': { title: 'Page not found', lines: ['The address may be wrong, or the page is gone.'] },
    'too-many-requests': {
      title: 'Very busy',
      lines: ['There were many requests in a short time. Please wait about a minute and try again.'],
    },
    'system-unavailable': {
      title: 'Our system is busy or stopped for a moment',
      lines: [
        'We are sorry. Our system does not answer. You did nothing wrong.',
        'Please try again in a little while. You can go on where you were.',
      ],
    },
    incident: {
      title: 'Something went wrong',
      lines: [
        'We are sorry. Something went wrong on our side.',
        'Please try again later. If it happens again, call us and tell us the number below.',
      ],
    },
  },
  incidentNumber: 'Incident number',
  developerDetail: 'For the developers of the service',
  help: helpEn,
  connections: connectionsEn,
  fieldErrors: {
    'login-id-missing': () => 'Enter your login ID',
    'password-missing': () => 'Enter your login password',
    'sign-in-wrong': () => 'The login ID or password is not right. Try again',
    'password-wrong': () => 'The login password is not right. Try again',
    'answer-missing': () => 'Enter your answer',
    'answer-wrong': () => 'The answer does not match',
    'services-missing': () => 'Choose at least one service',
    'accounts-missing': () => 'Choose an account to register',
    'pin-missing': (v) => `Enter the inquiry PIN${of(v)}`,
    'pin-unticked': (v) => `To register this account, choose it and enter its PIN${of(v)}`,
    'pin-form': (v) => `Enter the ${v.digits}-digit inquiry PIN${of(v)}`,
    'pin-wrong': (v) => `The PIN does not match our record${of(v)}`,
    'pin-locked': (v) =>
      `There were too many wrong entries, so this account is paused. Please call us${of(v)}`,
    'pin-impossible': (v) => `The PIN of this account cannot be registered. Please ask us${of(v)}`,
    'tick-missing': () => 'Tick “I want to continue” to go on',
    'stop-tick-missing': () => 'To stop, tick “I have read what will be stopped”',
    'consent-accounts-missing': () => 'Choose at least one account',
    'stale-form': () => 'This page was out of date. Please check it again',
    'last-try': () => 'One more wrong try will pause your access',
  },
}
