import {
  callerKey,
  clientId,
  clientSecret,
  forgetCredentials,
  forgetGateway,
  gateway,
  gatewayUrl,
  remember,
  takesCredentials,
  thisGateway,
} from '../state/connection.ts';
import { Dialog, dialogs } from './dialog.tsx';
import { Hidden } from './hidden.tsx';

export function Connection() {
  return (
    <Dialog name="connection" title="Gateway and authentication">
      {() => (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            dialogs.close();
          }}
        >
          <Gateway />
          <Credentials />
          <button type="submit" class="primary">
            Done
          </button>
        </form>
      )}
    </Dialog>
  );
}

function Gateway() {
  const state = gateway.value;
  const problem = 'problem' in state && gatewayUrl.value !== '' ? state.problem : '';
  return (
    <fieldset>
      <legend>Gateway</legend>
      <p class="hint">
        It makes the calls, with credentials that stay on the server. Both fields are kept in this browser as you type.
        If the browser offers to save a password here, it means the key: you need not let it.
      </p>
      <label for="gateway">Gateway URL</label>
      <input
        id="gateway"
        type="url"
        inputMode="url"
        value={gatewayUrl.value}
        placeholder={thisGateway()}
        autocomplete="off"
        spellcheck={false}
        aria-describedby="gateway-problem"
        aria-invalid={problem !== ''}
        onInput={(event) => (gatewayUrl.value = event.currentTarget.value)}
      />
      <p id="gateway-problem" class="problem">
        {problem}
      </p>
      {gatewayUrl.value === '' && (
        <button type="button" onClick={() => (gatewayUrl.value = thisGateway())}>
          Use the one that served this page
        </button>
      )}
      <label for="key">Caller key</label>
      <Hidden>
        {(type) => (
          <input
            id="key"
            {...{ type: type as 'text' }}
            value={callerKey.value}
            autocomplete="off"
            spellcheck={false}
            data-1p-ignore
            placeholder="none, if the gateway asks for none"
            onInput={(event) => (callerKey.value = event.currentTarget.value.trim())}
          />
        )}
      </Hidden>
      <button type="button" onClick={forgetGateway} disabled={gatewayUrl.value === '' && callerKey.value === ''}>
        Forget gateway and key
      </button>
    </fieldset>
  );
}

function Credentials() {
  if (!takesCredentials.value) {
    return (
      <fieldset>
        <legend>Authentication</legend>
        <p class="hint">
          Calls are made with the gateway’s credentials for Plaid. Neither this page nor the code it writes ever has
          them.
        </p>
      </fieldset>
    );
  }
  return (
    <fieldset>
      <legend>Authentication</legend>
      <p class="hint">
        This gateway takes credentials of your own in place of its own. They are kept in memory, unless you ask to
        remember them.
      </p>
      <label for="client-id">Client ID</label>
      <input
        id="client-id"
        type="text"
        value={clientId.value}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => (clientId.value = event.currentTarget.value.trim())}
      />
      <label for="secret">Secret</label>
      <Hidden>
        {(type) => (
          <input
            id="secret"
            {...{ type: type as 'text' }}
            value={clientSecret.value}
            autocomplete="off"
            spellcheck={false}
            data-1p-ignore
            onInput={(event) => (clientSecret.value = event.currentTarget.value.trim())}
          />
        )}
      </Hidden>
      {(clientId.value === '') !== (clientSecret.value === '') && (
        <p class="problem">Give both, or the gateway’s own are used.</p>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={remember.value}
          onChange={(event) => (remember.value = event.currentTarget.checked)}
        />
        Remember them in this browser
      </label>
      <button type="button" onClick={forgetCredentials} disabled={clientId.value === '' && clientSecret.value === ''}>
        Forget client ID and secret
      </button>
    </fieldset>
  );
}
