import { render } from 'preact';
import { loadSettings } from './state/connection.ts';
import { startRouting } from './state/route.ts';
import { loadIndex } from './state/session.ts';
import { startTheme } from './state/theme.ts';
import { App } from './view/app.tsx';
import './style.css';

startTheme();
startRouting();
void loadIndex();
void loadSettings();

const root = document.getElementById('app');
if (root) render(<App />, root);
