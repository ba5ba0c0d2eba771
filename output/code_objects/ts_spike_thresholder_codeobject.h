#ifndef _INCLUDED_ts_spike_thresholder_codeobject
#define _INCLUDED_ts_spike_thresholder_codeobject

void _run_ts_spike_thresholder_codeobject();


#endif
