/** The help pages in English, question by question like the Japanese ones. */
import type { HelpTexts } from './help-ja.ts'

export const helpEn: HelpTexts = {
  index: {
    title: 'Questions and guidance',
    call: 'If these pages do not help, please call us.',
  },
  newTab: ' (new tab)',
  goBack:
    'If you came here while connecting a service, close this tab to return to the other one. There you have to start again after {idleMinutes} minutes without activity.',
  topics: {
    certificates: {
      title: 'If you are not asked for a certificate',
      about: 'What to check when your browser does not let you choose a certificate.',
      sections: [
        {
          when: 'no-certificates',
          question: 'Can I sign in with a certificate here?',
          blocks: [
            {
              say: 'Sign-in with a certificate is not available here, so your browser will not ask for one.',
            },
            { say: 'If your contract uses ID and password, sign in with your login ID and login password.' },
            { call: 'If your contract uses certificates, please call us.' },
          ],
        },
        {
          when: 'certificates',
          question: 'How do I get my browser to ask?',
          blocks: [
            {
              when: 'fresh-host',
              say: 'Your browser asks anew every time you press “Sign in with certificate”. If it does not, please try this.',
            },
            {
              when: 'fixed-host',
              say: 'Your browser remembers the certificate you chose before until every window is closed, so it may not ask again. This is the same after renewing a certificate. Please try this.',
            },
            {
              steps: [
                'Use the PC that holds your certificate. Certificates cannot be used on a phone or tablet.',
                'Close every window of the browser, those of other sites too.',
                'Open the browser again and start once more from the service.',
                'Press “Sign in with certificate”.',
                'Choose the certificate issued by us and press “OK”.',
              ],
            },
          ],
        },
        {
          when: 'certificates',
          question: 'Why does it still not ask?',
          blocks: [
            { say: 'These are possible reasons.' },
            {
              points: [
                'This PC holds no certificate of yours.',
                'The certificate has expired. Browsers may not offer one that has expired.',
                'The user of the PC, or the browser, is not the one that the certificate was installed with.',
              ],
            },
            { call: 'If you cannot tell which it is, please call us.' },
          ],
        },
        {
          when: 'certificates',
          question: 'Which one do I choose when there are several?',
          blocks: [
            {
              say: 'Choose the one issued by us for the company that you want to connect. If there are several for that company, it is the one that ends last. The old one often stays on the PC after renewing.',
            },
            {
              when: 'fresh-host',
              say: 'If you chose a wrong one, press “Choose a certificate again” or “Use another certificate” on the next page.',
            },
            {
              when: 'fixed-host',
              say: 'If you chose a wrong one, close every window of the browser and start again from the service.',
            },
          ],
        },
        {
          when: 'certificates',
          question: 'What do I do when my certificate has expired?',
          blocks: [
            { say: 'Renew it in Internet banking, then start again from the service.' },
            {
              when: 'renewal-notice',
              say: 'From {noticeDays} days before it ends we remind you when you sign in with it.',
            },
            { call: 'If you cannot renew it, please call us.' },
            {
              say: 'We never call you about renewing a certificate and ask for a password. If somebody does, please read the next page.',
            },
            { see: 'safety' },
          ],
        },
      ],
    },
    'inquiry-pin': {
      title: 'What is an inquiry PIN?',
      about: 'The PIN of each account for seeing its balance and statement.',
      sections: [
        {
          question: 'What kind of number is it?',
          blocks: [
            {
              say: 'The inquiry PIN ({inquiryPin}) is a number of {pinDigits} digits for seeing the balance and the statement of an account. You filed one for each account with the credit union.',
            },
            { say: 'It is neither your login password nor the PIN of your cash card.' },
          ],
        },
        {
          question: 'Why am I asked for it?',
          blocks: [
            {
              say: 'It tells us, account by account, that it may be connected. Only accounts that you register can be connected, and you need not register all of them.',
            },
            { say: 'The number you enter is never shown to the service.' },
          ],
        },
        {
          question: 'What does “Registered*” mean?',
          blocks: [
            {
              say: 'The number was right, but it does not count yet. It takes effect when you press “Allow” on the last page.',
            },
            {
              say: 'If you cancel or do not allow access, the number that you entered is not registered.',
            },
          ],
        },
        {
          question: 'What if I forgot it?',
          blocks: [
            { say: 'You can register only the accounts whose number you know, and go on.' },
            { call: 'For the other accounts, please call us.' },
          ],
        },
        {
          question: 'What if the page says that it does not match?',
          blocks: [
            {
              say: 'Check the inquiry PIN of the account that the page names and enter it again. After too many wrong entries registration of that account is paused for your safety.',
            },
            { call: 'If it is paused, please call us.' },
          ],
        },
        {
          question: 'What if I changed it at a branch?',
          blocks: [
            {
              say: 'The service may no longer see the balance and statement of that account. Please register the new number.',
            },
            {
              steps: [
                'Start connecting once more from the service.',
                'On the page for registering inquiry PINs choose the account, enter the new number and press “Register”.',
                'If that page does not appear, press “Change” beside “Accounts” on the page for allowing access.',
              ],
            },
          ],
        },
      ],
    },
    stop: {
      title: 'How to end a connection',
      about: 'How to end what you allowed before its period is over.',
      sections: [
        {
          question: 'How do I end a connection?',
          blocks: [
            {
              steps: [
                'Find out at the service what happens when the connection ends.',
                'Open “See and stop your connected services” below and sign in as you do for Internet banking.',
                'Press “Stop” at the connection, read what it means, and press “Stop” again.',
              ],
            },
            { go: '/connections' },
            {
              say: 'It takes effect at once. You can also stop single accounts, or all connections together.',
            },
            {
              call: 'If you cannot use the page, or if you suspect fraud, please call. Tell us the consent number, which was shown after you allowed access, or the names of the service and its company.',
            },
          ],
        },
        {
          question: 'What happens then?',
          blocks: [
            {
              points: [
                'The service can no longer see new balances and statements.',
                'What the service has already received may stay there. If you want it deleted, please ask the service.',
                'Work that uses the data, such as bookkeeping, may stop, and entries of that time may be missing.',
                'You can use Internet banking as before.',
              ],
            },
            { say: 'To connect again, start once more from the service.' },
          ],
        },
        {
          question: 'Is it enough to disconnect at the service?',
          blocks: [
            {
              say: 'Even then your permission at the credit union may remain until its period ends. You can see it at “See and stop your connected services”, and stop it there if it is still on.',
            },
          ],
        },
        {
          question: 'How long does it last if I do nothing?',
          blocks: [
            {
              say: 'Until the end date that was shown when you allowed access; then it ends by itself. To keep it, go through this again from the service before that date.',
            },
          ],
        },
      ],
    },
    safety: {
      title: 'For your safety',
      about: 'How to tell our pages from others, and what to do about suspicious calls.',
      sections: [
        {
          question: 'How do I know that a page is really yours?',
          blocks: [
            { say: 'Check that the site in the address bar of your browser is this one, letter by letter.' },
            { compare: '{host}' },
            {
              say: 'Pages that ask for passwords or PINs always stand at this address. If it differs, enter nothing and close the page.',
            },
            {
              when: 'certificates',
              say: 'Only when you press “Sign in with certificate”, your browser’s question names another address, which is where the certificate is checked.',
            },
            {
              say: 'You always come here from the service that you want to connect, never by a link in an email or text message.',
            },
          ],
        },
        {
          question: 'What do I enter here?',
          blocks: [
            {
              points: [
                'Your login ID and login password (only the password when you sign in with a certificate)',
                'If we ask an extra question: the answer you registered',
                'To register accounts: their inquiry PINs',
              ],
            },
            {
              say: 'We never ask for a one-time password or the PIN of your cash card here. If a page does, close it.',
            },
          ],
        },
        {
          question: 'Somebody calls and says that my certificate must be renewed. What now?',
          blocks: [
            {
              say: 'There are callers who claim to work for a bank and ask for passwords, because a certificate had to be renewed or issued again. Nobody at the credit union ever asks by phone for your login password, a one-time password or a PIN.',
            },
            {
              steps: [
                'Say nothing and hang up.',
                'Call the number below to check, not a number that the caller gave you.',
              ],
            },
            { call: 'This is the number to call.' },
          ],
        },
        {
          question: 'What can the service do?',
          blocks: [
            {
              points: [
                'It can see the balances and statements of the accounts that you chose, as far as you allowed it.',
                'It cannot make transfers, change your contract or see other accounts.',
              ],
            },
            { say: 'The ID and password you enter are never shown to the service.' },
          ],
        },
        {
          question: 'What do I do when I am not sure?',
          blocks: [
            {
              steps: [
                'Stop and close the page.',
                'Call the credit union at once. Tell us what kind of thing you entered; we do not need the password or number itself.',
                'Change your login password in Internet banking.',
              ],
            },
            { call: 'This is the number to call.' },
            { say: 'The next page tells how to end a connection that you allowed.' },
            { see: 'stop' },
          ],
        },
      ],
    },
    accessibility: {
      title: 'Accessibility statement',
      about: 'The standards we aim at, what was tested and what was not.',
      sections: [
        {
          question: 'Which standards do you aim at?',
          blocks: [
            {
              say: 'The pages for customers of {bank} ({bankInJapanese}) at {host} aim at level AA of both JIS X 8341-3:2016 and WCAG 2.2.',
            },
            {
              say: 'The tests that the standards prescribe have not been carried out yet, so this page is no claim of conformance.',
            },
          ],
        },
        {
          question: 'What was tested, and how?',
          blocks: [
            {
              points: [
                'The tool html-validate checked the HTML of every page in every state.',
                'The tool axe checked every page in every state, in Japanese and English, light and dark, narrow and wide, and had no findings.',
                'With text enlarged to 200 %, with wider spacing of text, and in a window of 320 pixels nothing is cut off and nothing has to be scrolled sideways.',
                'Services can be connected with the keyboard alone.',
                'Services can be connected with JavaScript off.',
              ],
            },
          ],
        },
        {
          question: 'What was not tested yet?',
          blocks: [
            { say: 'Automatic checks find only a part of what matters. These have not been done.' },
            {
              points: [
                'A person using a screen reader (NVDA, VoiceOver, TalkBack)',
                'Real phones and tablets',
                'Use by people with disabilities',
              ],
            },
          ],
        },
        {
          question: 'Is there a time limit?',
          blocks: [
            {
              say: 'For your safety you have to start again after {idleMinutes} minutes without activity. With JavaScript you are told before that and can have more time.',
            },
            {
              say: 'Altogether you have {totalMinutes} minutes, which cannot be extended. After that you can start once more from the service.',
            },
          ],
        },
        {
          question: 'Where do I report a difficulty?',
          blocks: [
            {
              call: 'Please call us and tell us the screen number at the bottom of the page and what the difficulty is. Please call, too, if you cannot use the pages at all.',
            },
            { say: 'This page is of 25 November 2026.' },
          ],
        },
      ],
    },
  },
}
