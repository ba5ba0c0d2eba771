#ifndef _INCLUDED_mon_spike_thresholder_codeobject
#define _INCLUDED_mon_spike_thresholder_codeobject

void _run_mon_spike_thresholder_codeobject();


#endif
