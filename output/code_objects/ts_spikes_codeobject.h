#ifndef _INCLUDED_ts_spikes_codeobject
#define _INCLUDED_ts_spikes_codeobject

void _run_ts_spikes_codeobject();

void _debugmsg_ts_spikes_codeobject();

#endif
