#ifndef _INCLUDED_ts_spike_resetter_codeobject
#define _INCLUDED_ts_spike_resetter_codeobject

void _run_ts_spike_resetter_codeobject();


#endif
