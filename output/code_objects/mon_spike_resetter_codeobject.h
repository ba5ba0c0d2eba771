#ifndef _INCLUDED_mon_spike_resetter_codeobject
#define _INCLUDED_mon_spike_resetter_codeobject

void _run_mon_spike_resetter_codeobject();


#endif
